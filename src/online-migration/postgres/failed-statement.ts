import { asDriverError } from './database-error.ts';

/**
 * Adds the failed statement to an error of the server, behind its message. Any other error stays as it is.
 * @param statement undefined if all statements were done
 */
export function withStatement(error: unknown, statement: string | undefined): unknown {
  const failure = asDriverError(error);
  // Errors of the driver and of the connection have no severity.
  if (failure?.severity === undefined || statement === undefined) return error;
  failure.message = `${failure.message}\nFailed statement: ${statement.trim()}`;
  return error;
}
