import { isNativeError } from 'node:util/types';
import { TableNotReadyError } from '../online-migration/table-shape.ts';
import { Problem } from './problem.ts';

/** When a client may ask again, in seconds. */
const RETRY_AFTER_SECONDS = '1';

/**
 * SQLSTATEs of a database that will take the same request later: connection lost, too many connections or too little
 * memory, shutting down or starting up, read-only for a moment, and a statement that lost against others.
 * See https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const PASSING_SQLSTATE = /^(08|53|57)|^(25006|40001|40P01|55P03)$/;

/** Codes of Node for a database that cannot be reached. */
const UNREACHABLE_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT',
]);

/** What `pg` says, without a code, of a connection that ended or was not to be had in time. */
const LOST_CONNECTION_MESSAGE =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error)/;

/** Classes of SQLSTATEs whose messages repeat values of the query: data, constraints, syntax, raised by a function. */
const MESSAGE_HOLDS_VALUES = /^(22|23|42601|P0)/;

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
 * @returns 503 where the same request can succeed in a moment, otherwise 500
 */
export function problemOfFailure(error: unknown): Failure {
  // Not instanceof: an error of Node's own is of another realm under a test runner.
  if (!isNativeError(error)) return { answer: giveUp(), cause: 'something was thrown that is no error' };
  if (error instanceof TableNotReadyError) return { answer: tryAgain(), cause: error.message };
  const { code = '', message, stack } = error as NodeJS.ErrnoException;
  if (UNREACHABLE_CODES.has(code) || LOST_CONNECTION_MESSAGE.test(message)) {
    // Several addresses of one host that all refuse are one error with a code and no message.
    return { answer: tryAgain(), cause: message || code };
  }
  if (SQLSTATE.test(code)) {
    const [firstLine] = message.split('\n');
    const cause = `SQLSTATE ${code}${MESSAGE_HOLDS_VALUES.test(code) ? '' : `, ${firstLine}`}`;
    return { answer: PASSING_SQLSTATE.test(code) ? tryAgain() : giveUp(), cause };
  }
  return { answer: giveUp(), cause: stack ?? message };
}

function tryAgain(): Problem {
  return new Problem(503, 'The database does not answer at the moment. Try again.', {
    headers: { 'Retry-After': RETRY_AFTER_SECONDS },
  });
}

function giveUp(): Problem {
  return new Problem(500, 'The server could not do what was asked.');
}
