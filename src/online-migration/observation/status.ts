import { changedColumnOf } from '../change/changed-column.ts';
import type { ColumnChange } from '../change/column-change.ts';
import { namesOf } from '../change/names.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { type ActiveStatement, findActiveStatements } from './active-statements.ts';
import { type Overview, readOverview } from './overview.ts';

/** The progress of a change, and the current activity on its table. */
export interface Status extends Overview {
  /** The name of the change. */
  readonly change: string;
  /** Busy sessions of the database, the longest statement first. */
  readonly statements: readonly ActiveStatement[];
}

/**
 * Reads the status of a change.
 * @param database any connection; without pg_monitor it sees less of other roles' sessions
 * @throws TableNotReadyError if the table does not exist
 */
export async function readStatus(database: Queryable, change: ColumnChange): Promise<Status> {
  const column = changedColumnOf(change);
  return {
    change: namesOf(column).change,
    ...(await readOverview(database, column)),
    statements: await findActiveStatements(database),
  };
}
