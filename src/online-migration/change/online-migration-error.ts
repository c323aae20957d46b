import type { ErrorCode } from './error-codes.ts';

/** Facts of an error as plain JSON: names, figures, statements. Never a secret. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

/** A refusal of the package. Its message names the problem, its place and the remedy. */
export class OnlineMigrationError extends Error {
  override readonly name: string = 'OnlineMigrationError';
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  /**
   * @param code the refusal; the code stays the same when the wording changes
   * @param message for people
   * @param details the facts of the message, for programs
   * @param options.cause the original error
   */
  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.details = details;
  }
}
