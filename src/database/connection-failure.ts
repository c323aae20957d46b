import { isNativeError } from 'node:util/types';

/**
 * SQLSTATEs of a database that will take the same statement later: connection lost, too many connections or too little
 * memory, shutting down or starting up, read-only for a moment, and a statement that lost against others.
 * See https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const PASSING_SQLSTATE = /^(08|53|57)|^(25006|40001|40P01|55P03)$/;

/** SQLSTATE of a write where none is taken: "read-only SQL transaction". */
const READ_ONLY_CODE = '25006';

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

/** What `pg` says, without a code, of a connection that ended, was not to be had in time, or fell silent. */
const LOST_CONNECTION_MESSAGE =
  /^(Connection terminated|timeout (exceeded|expired)|Query read timeout|Client (has encountered|was closed))/;

/** Codes of Node for a connection that never came about. */
const CONNECTING_CODES = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ENOENT']);

/** SQLSTATEs of a server that takes no connection: read-only, too many connections, starting up. */
const REFUSED_CONNECTION_SQLSTATES = new Set([READ_ONLY_CODE, '53300', '57P03']);

/** What `pg` says, without a code, where it has sent nothing. */
const NO_CONNECTION_MESSAGE =
  /^(Connection terminated due to connection timeout|timeout (exceeded|expired)|Client (has encountered|was closed))/;

/** Whether the database may do in a moment what it has just failed to do, since the failure is no matter of the question. */
export function isPassingFailure(error: unknown): boolean {
  // Not instanceof: an error of Node's own is of another realm under a test runner.
  if (!isNativeError(error)) return false;
  const { code = '', message } = error as NodeJS.ErrnoException;
  return UNREACHABLE_CODES.has(code) || PASSING_SQLSTATE.test(code) || LOST_CONNECTION_MESSAGE.test(message);
}

/**
 * Whether the connection on which it happened is of no use any more: the server closes it, has fallen silent, or takes
 * no writes since another one has taken its place.
 */
export function isConnectionSpent(error: unknown): boolean {
  if (!isNativeError(error)) return false;
  const { code, severity } = error as { code?: string; severity?: string };
  return (
    severity === 'FATAL' ||
    severity === 'PANIC' ||
    code === READ_ONLY_CODE ||
    LOST_CONNECTION_MESSAGE.test(error.message)
  );
}

/**
 * Whether a statement that ended so may have been done all the same: it was on its way when its connection was lost, or
 * its answer did not come. It was certainly not where no connection was to be had, and where the server went on after the
 * error: it has rolled back.
 */
export function mayHaveBeenDone(error: unknown): boolean {
  if (!isNativeError(error)) return true;
  const { code = '', message, severity, syscall } = error as NodeJS.ErrnoException & { severity?: string };
  const wasNeverSent =
    syscall === 'connect' ||
    CONNECTING_CODES.has(code) ||
    REFUSED_CONNECTION_SQLSTATES.has(code) ||
    NO_CONNECTION_MESSAGE.test(message);
  return severity !== 'ERROR' && !wasNeverSent;
}

/** The failure in a few words, for a log. */
export function describeFailure(error: unknown): string {
  if (!isNativeError(error)) return 'something was thrown that is no error';
  // Several addresses of one host that all refuse are one error with a code and no message.
  return error.message || (error as NodeJS.ErrnoException).code || error.name;
}
