import { expect } from '@jest/globals';
import type { ErrorCode } from '../../src/online-migration/change/error-codes.ts';

/**
 * What an error of the package has to match.
 * @param message a part of its message, or a pattern
 */
export function refusedWith(
  code: ErrorCode,
  message: string | RegExp,
): { code: ErrorCode; message: unknown } {
  return {
    code,
    message: typeof message === 'string' ? expect.stringContaining(message) : expect.stringMatching(message),
  };
}
