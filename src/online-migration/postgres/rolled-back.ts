import { SQLSTATE, sqlState } from './database-error.ts';
import type { Queryable } from './queryable.ts';

const SAVEPOINT = 'online_migration_rolled_back';

/**
 * Runs statements and takes them back: in a transaction of their own, or behind a savepoint if a transaction is open.
 * @param database one connection, not a pool
 * @param body the statements; its error is thrown unchanged
 */
export async function rolledBack<T>(database: Queryable, body: () => Promise<T>): Promise<T> {
  const isInTransaction = await setSavepoint(database);
  if (!isInTransaction) await database.query('begin');
  try {
    return await body();
  } finally {
    // If the connection is lost, the server has rolled back already, and the first error is the one to report.
    await takeBack(database, isInTransaction).catch(() => undefined);
  }
}

/**
 * Runs a statement and reads PostgreSQL's error for it. The transaction goes on in either case.
 * @param isExpected whether an error belongs to the statement; all others are thrown
 * @returns the error; null if PostgreSQL accepts the statement
 */
export async function errorOf(
  database: Queryable,
  statement: string,
  isExpected: (error: unknown) => error is Error,
): Promise<Error | null> {
  await database.query('savepoint online_migration_try');
  try {
    await database.query(statement);
    await database.query('release savepoint online_migration_try');
    return null;
  } catch (error) {
    if (!isExpected(error)) throw error;
    await database.query('rollback to savepoint online_migration_try');
    return error;
  }
}

async function takeBack(database: Queryable, isInTransaction: boolean): Promise<void> {
  if (!isInTransaction) return void (await database.query('rollback'));
  await database.query(`rollback to savepoint ${SAVEPOINT}`);
  await database.query(`release savepoint ${SAVEPOINT}`);
}

async function setSavepoint(database: Queryable): Promise<boolean> {
  try {
    await database.query(`savepoint ${SAVEPOINT}`);
    return true;
  } catch (error) {
    if (sqlState(error) !== SQLSTATE.noActiveTransaction) throw error;
    return false;
  }
}
