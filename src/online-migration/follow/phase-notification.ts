import type { ColumnChange } from '../change/column-change.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { changeNamesOf, PACKAGE_SCHEMA } from '../change/names.ts';
import type { Session } from '../postgres/session.ts';

/** The channel that announces every phase; the payload is the name of its change. */
const CHANNEL = PACKAGE_SCHEMA;

/**
 * Notifies all listening processes that a phase has changed the table. It runs in the phase's transaction: PostgreSQL
 * delivers the notification after the commit, and never after a rollback.
 */
export async function notifyPhase(database: Queryable, change: ColumnChange): Promise<void> {
  await database.query(`select pg_notify($1, $2)`, [CHANNEL, changeNamesOf(change).change]);
}

/**
 * Listens for the phases of a change from now on; earlier notifications are lost.
 * @param session listens until it ends
 * @param heard is called after each transaction of a phase
 */
export async function listenForPhases(
  session: Session,
  change: ColumnChange,
  heard: () => void,
): Promise<void> {
  const { change: name } = changeNamesOf(change);
  await session.listen(CHANNEL, (payload) => {
    if (payload === name) heard();
  });
}
