import { sqlState, SQLSTATE } from '../postgres/database-error.ts';
import type { Queryable } from '../postgres/queryable.ts';

/**
 * Counts the rows that the backfill of a change has recorded as rejects. A row that was corrected since then counts
 * until enforce.
 * @returns null if the role may not read them
 */
export async function countRecordedRejects(database: Queryable, change: string): Promise<number | null> {
  try {
    const { rows } = await database.query<{ rejects: number }>(
      `select count(*)::int as rejects from online_migration.reject where change = $1`,
      [change],
    );
    return rows[0]!.rejects;
  } catch (error) {
    const state = sqlState(error);
    if (state === SQLSTATE.undefinedTable) return 0;
    if (state === SQLSTATE.insufficientPrivilege) return null;
    throw error;
  }
}
