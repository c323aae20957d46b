import { sqlState, SQLSTATE } from '../postgres/database-error.ts';
import type { Queryable } from '../postgres/queryable.ts';

/**
 * Counts the rows that a backfill has recorded as rejects. A row that was corrected since then counts until enforce.
 * @param records the names under which the columns of the change are recorded
 * @returns null if the role may not read them
 */
export async function countRecordedRejects(
  database: Queryable,
  records: readonly string[],
): Promise<number | null> {
  try {
    const { rows } = await database.query<{ rejects: number }>(
      `select count(distinct key)::int as rejects from online_migration.reject where change = any ($1)`,
      [records],
    );
    return rows[0]!.rejects;
  } catch (error) {
    const state = sqlState(error);
    if (state === SQLSTATE.undefinedTable) return 0;
    if (state === SQLSTATE.insufficientPrivilege) return null;
    throw error;
  }
}
