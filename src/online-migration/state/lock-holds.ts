import type { ColumnChange } from '../change/column-change.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { changeNamesOf } from '../change/names.ts';
import { sqlState, SQLSTATE } from '../postgres/database-error.ts';
import { packageTableExists } from './package-table.ts';

/** How long a phase held its strongest lock on the table. */
export interface LockHold {
  /** The phase and the purpose of the lock: `enforce: set not null`. */
  readonly purpose: string;
  /** `ACCESS EXCLUSIVE`, or `ROW EXCLUSIVE` of a backfill's batch. */
  readonly mode: string;
  readonly milliseconds: number;
  /** The time of release, as ISO 8601. */
  readonly releasedAt: string;
}

type LockHoldRow = Omit<LockHold, 'releasedAt'> & { released_at: Date };

/**
 * Records how long a lock was held, in place of an earlier record of the same purpose. It runs after the phase's
 * commit, so it must not fail the phase: if the record cannot be written, it is left out.
 */
export async function recordLockHold(
  database: Queryable,
  change: ColumnChange,
  { purpose, mode, milliseconds }: Omit<LockHold, 'releasedAt'>,
): Promise<void> {
  try {
    if (!(await hasLockHolds(database))) return;
    await database.query(
      `
      insert into online_migration.lock_hold (change, purpose, mode, milliseconds) values ($1, $2, $3, $4)
      on conflict (change, purpose) do update
      set mode = excluded.mode, milliseconds = excluded.milliseconds, released_at = excluded.released_at`,
      [changeNamesOf(change).change, purpose, mode, milliseconds],
    );
  } catch {
    // The phase is committed, and the next statement reports the problem.
  }
}

/** Reads the records of a change, the newest first. The list is empty before the first phase. */
export async function readLockHolds(database: Queryable, change: ColumnChange): Promise<LockHold[]> {
  if (!(await hasLockHolds(database))) return [];
  const rows = await selectLockHolds(database, change).catch((error: unknown) => {
    // The last expand has just been reverted.
    if (sqlState(error) === SQLSTATE.undefinedTable) return [];
    throw error;
  });
  return rows.map(({ released_at: releasedAt, ...hold }) => ({
    ...hold,
    releasedAt: releasedAt.toISOString(),
  }));
}

async function selectLockHolds(database: Queryable, change: ColumnChange): Promise<LockHoldRow[]> {
  const { rows } = await database.query<LockHoldRow>(
    `
    select purpose, mode, milliseconds, released_at
    from online_migration.lock_hold
    where change = $1
    order by released_at desc, purpose`,
    [changeNamesOf(change).change],
  );
  return rows;
}

/** Deletes the records of a change. If an earlier version of the package ran expand, the table may not exist. */
export async function deleteLockHolds(database: Queryable, change: ColumnChange): Promise<void> {
  if (!(await hasLockHolds(database))) return;
  await database.query(`delete from online_migration.lock_hold where change = $1`, [
    changeNamesOf(change).change,
  ]);
}

/** The table does not exist before the first expand, nor after the last one was reverted. */
async function hasLockHolds(database: Queryable): Promise<boolean> {
  const { rows } = await database.query<{ ready: boolean }>(
    `select ${packageTableExists('lock_hold')} as ready`,
  );
  return rows[0]?.ready ?? false;
}
