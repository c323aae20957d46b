import { isNativeError } from 'node:util/types';
import { OnlineMigrationError } from '../change/online-migration-error.ts';
import { DatabaseUnreachableError } from './open-client.ts';

/**
 * Classifies the errors of PostgreSQL, of `pg` and of Node's sockets.
 * @see https://www.postgresql.org/docs/current/errcodes-appendix.html
 */

/** SQLSTATEs that the package reacts to. */
export const SQLSTATE = {
  activeTransaction: '25001',
  noActiveTransaction: '25P01',
  readOnlyTransaction: '25006',
  invalidDatetime: '22007',
  notNullViolation: '23502',
  foreignKeyViolation: '23503',
  uniqueViolation: '23505',
  checkViolation: '23514',
  insufficientPrivilege: '42501',
  undefinedColumn: '42703',
  undefinedTable: '42P01',
  undefinedFunction: '42883',
  duplicateSchema: '42P06',
  duplicateTable: '42P07',
  duplicateObject: '42710',
  duplicateColumn: '42701',
  undefinedSchema: '3F000',
  undefinedObject: '42704',
  notImmutable: '42P17',
  syntaxError: '42601',
  queryCanceled: '57014',
  deadlockDetected: '40P01',
} as const;

const ANY_SQLSTATE = /^[0-9A-Z]{5}$/;

/** Lock timeout, deadlock, serialization failure. */
const LOCK_CONFLICT = /^(55P03|40P01|40001)$/;

/**
 * Errors after which the same statement can succeed later: connection lost, too many connections, server shutting
 * down or starting up, session ended because it was idle in a transaction, server read-only, or a lock conflict.
 */
const TRANSIENT = /^(08...|53...|57...|25006|25P0[34]|55P03|40P01|40001)$/;

/**
 * Errors with which the server ends the session or refuses it. `severity` does not tell: the server sends it in its own
 * language.
 */
const SESSION_ENDED = /^(08...|28...|3D000|53300|57P0[1-5]|25P0[34])$/;

/** Errors of the server itself, after which the state of the session is unknown. */
const SERVER_FAILED = /^(53|57P|58|XX)/;

/** Classes whose messages can repeat values of the statement: data, constraints, syntax, raised by a function. */
const WITH_VALUES = /^(21|22|23|2F|38|39|42601|P0)/;

/** Classes of an error in a statement: feature not supported, data, dependency, syntax, unknown name or missing right. */
const OF_STATEMENT = /^(0A|22|2B|42)/;

/** Codes of Node for a connection that was never opened. */
const NOT_CONNECTED = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ENOENT']);

/** Codes of Node for a server that cannot be reached. */
const UNREACHABLE = new Set([
  ...NOT_CONNECTED,
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

/** SQLSTATEs of a server that refuses connections: read-only, too many connections, starting up. */
const CONNECTION_REFUSED = /^(25006|53300|57P03)$/;

/**
 * Messages of `pg`, without a code, for a connection that ended, timed out while it was opened, or stopped answering.
 */
const CONNECTION_ENDED =
  /^(Connection terminated|timeout (exceeded|expired)|Query read timeout|Client (has encountered|was closed))/;

/** Messages of `pg`, without a code, if nothing was sent. */
const NOTHING_SENT =
  /^(Connection terminated due to connection timeout|timeout (exceeded|expired)|Client (has encountered|was closed))/;

interface DriverError extends Error {
  readonly code?: unknown;
  readonly severity?: string;
  readonly syscall?: string;
  readonly constraint?: string;
}

/**
 * Returns the SQLSTATE of a database error, or the code of a socket error. Any other error, including the package's
 * own, gives undefined.
 */
export function sqlState(error: unknown): string | undefined {
  const failure = asDriverError(error);
  if (failure === undefined || failure instanceof OnlineMigrationError) return undefined;
  const { code } = failure;
  return typeof code === 'string' ? code : undefined;
}

/** Whether PostgreSQL refuses a statement as it is written, so that it would fail again. */
export function isStatementsFault(error: unknown): error is Error {
  return OF_STATEMENT.test(sqlState(error) ?? '');
}

/** Whether the error is a lock conflict. */
export function isLockConflict(error: unknown): boolean {
  return LOCK_CONFLICT.test(sqlState(error) ?? '');
}

/** Whether the same statement may succeed later, because the failure is not the statement's. */
export function isTransient(error: unknown): boolean {
  const code = sqlState(error) ?? '';
  return UNREACHABLE.has(code) || TRANSIENT.test(code) || hasMessage(error, CONNECTION_ENDED);
}

/** Whether the connection of the failed statement is unusable: it was closed, or the server stopped answering. */
export function isConnectionLost(error: unknown): boolean {
  const { severity } = asDriverError(error) ?? {};
  const code = sqlState(error) ?? '';
  return (
    SESSION_ENDED.test(code) ||
    severity === 'FATAL' ||
    severity === 'PANIC' ||
    UNREACHABLE.has(code) ||
    hasMessage(error, CONNECTION_ENDED)
  );
}

/**
 * Whether a failed statement may still have been carried out: the connection was lost after the statement was sent,
 * or no answer arrived. It was not carried out if no connection was opened, or if the server reported the error and
 * kept the session.
 */
export function mayHaveBeenDone(error: unknown): boolean {
  const failure = asDriverError(error);
  if (failure === undefined) return true;
  const code = sqlState(error) ?? '';
  const wasNeverSent =
    failure.syscall === 'connect' ||
    NOT_CONNECTED.has(code) ||
    CONNECTION_REFUSED.test(code) ||
    hasMessage(error, NOTHING_SENT);
  const wasRolledBack =
    failure.severity === 'ERROR' ||
    (failure.severity !== undefined && !isConnectionLost(error) && !SERVER_FAILED.test(code));
  return !wasRolledBack && !wasNeverSent;
}

/** Describes the failure for a log, without any value of a statement. */
export function describeDatabaseError(error: unknown): string {
  const failure = asDriverError(error);
  if (failure === undefined) return 'a value that is not an error was thrown';
  const code = sqlState(error) ?? '';
  if (ANY_SQLSTATE.test(code) && WITH_VALUES.test(code)) return `SQLSTATE ${code}`;
  const [firstLine] = failure.message.split('\n');
  // If a host has several addresses and all refuse, the error has a code and no message.
  return firstLine || code || failure.name;
}

function hasMessage(error: unknown, pattern: RegExp): boolean {
  return pattern.test(asDriverError(error)?.message ?? '');
}

/** The driver's error: the error itself, or its cause if a library has wrapped the driver's error, as Drizzle does. */
export function asDriverError(error: unknown): DriverError | undefined {
  // Not `instanceof`: under a test runner, an error of Node itself belongs to another realm.
  if (!isNativeError(error)) return undefined;
  if (error instanceof DatabaseUnreachableError) return asDriverError(error.cause);
  const { code, message, cause }: DriverError = error;
  // `pg` gives some of its own errors a cause, which knows less.
  const isOfDriver = typeof code === 'string' || CONNECTION_ENDED.test(message);
  return !isOfDriver && isNativeError(cause) ? cause : error;
}
