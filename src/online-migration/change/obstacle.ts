import type { ErrorDetails } from './online-migration-error.ts';
import type { ObstacleCode } from './obstacle-codes.ts';

/** One reason why a column cannot be changed as it is. */
export interface Obstacle {
  readonly code: ObstacleCode;
  /** One or two sentences: the problem and the remedy. */
  readonly message: string;
  /** The facts of the message as plain JSON, for programs. */
  readonly details: ErrorDetails;
}

/**
 * Creates an obstacle.
 * @param message the problem and the remedy
 * @param details the facts of the message
 */
export function obstacle(code: ObstacleCode, message: string, details: ErrorDetails = {}): Obstacle {
  return { code, message, details };
}
