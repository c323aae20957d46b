import type { ErrorDetails } from './online-migration-error.ts';
import type { ObstacleCode } from './obstacle-codes.ts';

/** One reason why a column cannot be changed as it is. */
export interface Obstacle {
  readonly code: ObstacleCode;
  /** A sentence or two: what is in the way, and what to do. */
  readonly message: string;
  /** The facts of the message as plain JSON, for programs. */
  readonly details: ErrorDetails;
}

/**
 * An obstacle.
 * @param message what is in the way, and what to do
 * @param details the facts of the message
 */
export function obstacle(code: ObstacleCode, message: string, details: ErrorDetails = {}): Obstacle {
  return { code, message, details };
}
