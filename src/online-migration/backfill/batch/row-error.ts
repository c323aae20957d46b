import { sqlState } from '../../postgres/database-error.ts';

/**
 * SQLSTATE classes of an error that a row's value causes: data exception, constraint violation, limit exceeded (JSON that is
 * nested too deeply), raised by a function.
 */
const VALUE_ERROR = /^(22|23|54|P0)/;

/**
 * Errors of an update that do not depend on the row: a lost connection, the transaction's state, a lock conflict, an
 * overloaded or stopping server, an internal error. A trigger may raise any other error, also with a code of its own.
 */
const NO_ROWS_ERROR = /^(08|25|40|53|57|58|XX|55P03)/;

/** Whether some row's value causes the error, and not the server or the connection. */
export function isValueError(error: unknown): error is Error {
  return VALUE_ERROR.test(sqlState(error) ?? '');
}

/** Whether the update of some row, including its triggers and constraints, can cause the error. */
export function isRowError(error: unknown): error is Error {
  const code = sqlState(error);
  return code !== undefined && /^[0-9A-Z]{5}$/.test(code) && !NO_ROWS_ERROR.test(code);
}
