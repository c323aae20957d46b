import type { Queryable } from '../postgres/queryable.ts';

/**
 * Gives functions turns, in the order of the calls. A migration may send several statements without waiting for one of them. On its one
 * connection, each needs its savepoint for itself: otherwise an error of one would undo another, whose promise was kept.
 */
export function inTurn(): <T>(run: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (run) => {
    const turn = last.then(run);
    last = turn.catch(() => undefined);
    return turn;
  };
}

/** Sends a statement, and undoes it alone if it fails. The transaction stays usable. */
export async function behindSavepoint<T>(database: Queryable, send: () => Promise<T>): Promise<T> {
  await database.query('savepoint online_migration_sent');
  try {
    return await send();
  } catch (error) {
    await database.query('rollback to savepoint online_migration_sent');
    throw error;
  } finally {
    await database.query('release savepoint online_migration_sent');
  }
}
