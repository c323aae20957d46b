import { expect } from '@jest/globals';
import type { ErrorCode } from '../../src/online-migration/change/error-codes.ts';
import type { ObstacleCode } from '../../src/online-migration/change/obstacle-codes.ts';

/**
 * The expected properties of a package's error or obstacle.
 * @param message a part of its message, or a pattern
 */
export function refusedWith(
  code: ErrorCode | ObstacleCode,
  message: string | RegExp,
): { code: ErrorCode | ObstacleCode; message: unknown } {
  return {
    code,
    message: typeof message === 'string' ? expect.stringContaining(message) : expect.stringMatching(message),
  };
}
