import { sqlState } from '../../postgres/database-error.ts';

/**
 * Errors of an update that do not depend on the row: a lost connection, the transaction's state, a lock conflict, an
 * overloaded or stopping server, an internal error. A trigger may raise any other error, also with a code of its own.
 */
const NO_ROWS_ERROR = /^(08|25|40|53|57|58|XX|55P03)/;

/** Whether the update of some row, including its triggers and constraints, can cause the error. */
export function isRowError(error: unknown): error is Error {
  const code = sqlState(error);
  return code !== undefined && /^[0-9A-Z]{5}$/.test(code) && !NO_ROWS_ERROR.test(code);
}

/**
 * Errors of a statement as a whole: a feature, a name or a right that is missing, the state of an object or a setting, a
 * serialization failure.
 */
const STATEMENT_ERROR = /^(0A|26|34|3B|3D|3F|40|42|55|F0)/;

/**
 * Whether the conversion of some row's value causes the error. A function of the user's own may raise it with a code of its
 * own.
 */
export function isValueError(error: unknown): error is Error {
  return isRowError(error) && !STATEMENT_ERROR.test(sqlState(error)!);
}
