import type { ChangedColumn } from '../change/changed-column.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { namesOf, PACKAGE_SCHEMA } from '../change/names.ts';
import type { Session } from '../postgres/session.ts';

/** The channel on which every move is told; the payload is the name of its change. */
const CHANNEL = PACKAGE_SCHEMA;

/**
 * Tells every process that listens that a move has changed the table. In the move's own transaction: PostgreSQL
 * delivers it when that has committed, and never where it is rolled back.
 */
export async function notifyPhase(database: Queryable, change: ChangedColumn): Promise<void> {
  await database.query(`select pg_notify($1, $2)`, [CHANNEL, namesOf(change).change]);
}

/**
 * Hears of the moves of a change from now on; what was told before is lost.
 * @param session listens as long as it lives
 * @param heard is called after each transaction of a move
 */
export async function listenForPhases(
  session: Session,
  change: ChangedColumn,
  heard: () => void,
): Promise<void> {
  const { change: name } = namesOf(change);
  await session.listen(CHANNEL, (payload) => {
    if (payload === name) heard();
  });
}
