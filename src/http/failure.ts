import { isNativeError } from 'node:util/types';
import { describeDatabaseError, isTransient, mayHaveBeenDone, OnlineMigrationError } from 'online-migration';
import { Problem } from './problem.ts';
import { isRead } from './repeated-reads.ts';
import { AnswerTooLateError } from './time-limit.ts';

/** Value of Retry-After, in seconds. */
const RETRY_AFTER_SECONDS = '1';

/** Advice to the client of a failed request that can succeed on retry. */
const ADVICE = {
  read: 'Try again.',
  notDone: 'Nothing was written: try again.',
  unknown: 'The write may have been done: read the record before you send it again.',
} as const;

const NOT_ANSWERING = 'The database does not answer at the moment.';

/** For clients: without the name of the table, which the log has. */
export const NOT_MIGRATED = 'The database is not migrated yet: its table does not exist.';

const SQLSTATE = /^[0-9A-Z]{5}$/;

/** A failure that the client did not cause. */
interface Failure {
  /** The client's answer. */
  readonly answer: Problem;
  /** The cause for the log. It contains no query values. */
  readonly cause: string;
}

/**
 * @param error any error that a request can throw
 * @param method of the request
 * @returns 503 if the same request can succeed on retry, otherwise 500
 */
export function problemOfFailure(error: unknown, method: string): Failure {
  const isNotReady = error instanceof OnlineMigrationError && error.code === 'TABLE_NOT_READY';
  const willPass = isNotReady || isTransient(error) || error instanceof AnswerTooLateError;
  const outcome = isRead(method) ? 'read' : !isNotReady && mayHaveBeenDone(error) ? 'unknown' : 'notDone';
  const reason = isNotReady ? NOT_MIGRATED : NOT_ANSWERING;
  return {
    answer: willPass ? tryAgain(`${reason} ${ADVICE[outcome]}`) : giveUp(),
    cause: causeOf(error, willPass),
  };
}

function causeOf(error: unknown, willPass: boolean): string {
  const description = describeDatabaseError(error);
  if (!isNativeError(error)) return description;
  const code = sqlStateOf(error);
  if (code === undefined) return willPass ? description : (error.stack ?? description);
  return description.includes(code) ? description : `SQLSTATE ${code}, ${description}`;
}

/** Of the error or of one that it wraps: a library's own message and stack may repeat the values of a query. */
function sqlStateOf(error: unknown): string | undefined {
  if (!isNativeError(error)) return undefined;
  const { code = '' } = error as NodeJS.ErrnoException;
  return SQLSTATE.test(code) ? code : sqlStateOf(error.cause);
}

function tryAgain(detail: string): Problem {
  return new Problem(503, detail, { headers: { 'Retry-After': RETRY_AFTER_SECONDS } });
}

function giveUp(): Problem {
  return new Problem(500, 'The server could not process the request.');
}
