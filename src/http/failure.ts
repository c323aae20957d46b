import { isNativeError } from 'node:util/types';
import { describeDatabaseError, isTransient, mayHaveBeenDone, OnlineMigrationError } from 'online-migration';
import { Problem } from './problem.ts';
import { isRead } from './repeated-reads.ts';
import { AnswerTooLateError } from './time-limit.ts';

/** When a client may ask again, in seconds. */
const RETRY_AFTER_SECONDS = '1';

/** What the client of a request that may succeed in a moment is to do, by what has become of this one. */
const ADVICE = {
  read: 'Try again.',
  notDone: 'Nothing was written: try again.',
  unknown: 'The write may have been done: read the record before you send it again.',
} as const;

const SQLSTATE = /^[0-9A-Z]{5}$/;

/** A failure that is not the client's fault. */
interface Failure {
  /** What the client gets. */
  readonly answer: Problem;
  /** What happened, for the log; no value of a query is in it. */
  readonly cause: string;
}

/**
 * @param error anything that a request can throw
 * @param method the request's
 * @returns 503 where the same request can succeed in a moment, otherwise 500
 */
export function problemOfFailure(error: unknown, method: string): Failure {
  const isNotReady = error instanceof OnlineMigrationError && error.code === 'TABLE_NOT_READY';
  const willPass = isNotReady || isTransient(error) || error instanceof AnswerTooLateError;
  const outcome = isRead(method) ? 'read' : !isNotReady && mayHaveBeenDone(error) ? 'unknown' : 'notDone';
  return { answer: willPass ? tryAgain(ADVICE[outcome]) : giveUp(), cause: causeOf(error, willPass) };
}

function causeOf(error: unknown, willPass: boolean): string {
  const description = describeDatabaseError(error);
  if (!isNativeError(error)) return description;
  const { code = '', stack = description } = error as NodeJS.ErrnoException;
  if (!SQLSTATE.test(code)) return willPass ? description : stack;
  return description.includes(code) ? description : `SQLSTATE ${code}, ${description}`;
}

function tryAgain(advice: string): Problem {
  return new Problem(503, `The database does not answer at the moment. ${advice}`, {
    headers: { 'Retry-After': RETRY_AFTER_SECONDS },
  });
}

function giveUp(): Problem {
  return new Problem(500, 'The server could not do what was asked.');
}
