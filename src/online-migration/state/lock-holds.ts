import type { ChangedColumn } from '../change/changed-column.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { namesOf } from '../change/names.ts';
import { sqlState, SQLSTATE } from '../postgres/database-error.ts';
import { packageTableExists } from './package-table.ts';

/** For how long a move held its strongest lock on the table. */
export interface LockHold {
  /** The move and what the lock was for: `enforce: set not null`. */
  readonly purpose: string;
  /** `ACCESS EXCLUSIVE`, or `ROW EXCLUSIVE` of a backfill's batch. */
  readonly mode: string;
  readonly milliseconds: number;
  /** When it was released, as ISO 8601. */
  readonly releasedAt: string;
}

type LockHoldRow = Omit<LockHold, 'releasedAt'> & { released_at: Date };

/**
 * Records how long a lock was held, over what was recorded for the same purpose before. It runs behind the move's commit,
 * so it must not fail what has been done: where it cannot be written, it is left out.
 */
export async function recordLockHold(
  database: Queryable,
  change: ChangedColumn,
  { purpose, mode, milliseconds }: Omit<LockHold, 'releasedAt'>,
): Promise<void> {
  try {
    if (!(await hasLockHolds(database))) return;
    await database.query(
      `
      insert into online_migration.lock_hold (change, purpose, mode, milliseconds) values ($1, $2, $3, $4)
      on conflict (change, purpose) do update
      set mode = excluded.mode, milliseconds = excluded.milliseconds, released_at = excluded.released_at`,
      [namesOf(change).change, purpose, mode, milliseconds],
    );
  } catch {
    // The move itself is committed, and the next statement meets whatever is wrong.
  }
}

/** What is recorded of a change, the newest first; empty where nothing is, and where no move has run. */
export async function readLockHolds(database: Queryable, change: ChangedColumn): Promise<LockHold[]> {
  if (!(await hasLockHolds(database))) return [];
  const rows = await selectLockHolds(database, change).catch((error: unknown) => {
    // The last expand was reverted a moment ago.
    if (sqlState(error) === SQLSTATE.undefinedTable) return [];
    throw error;
  });
  return rows.map(({ released_at: releasedAt, ...hold }) => ({
    ...hold,
    releasedAt: releasedAt.toISOString(),
  }));
}

async function selectLockHolds(database: Queryable, change: ChangedColumn): Promise<LockHoldRow[]> {
  const { rows } = await database.query<LockHoldRow>(
    `
    select purpose, mode, milliseconds, released_at
    from online_migration.lock_hold
    where change = $1
    order by released_at desc, purpose`,
    [namesOf(change).change],
  );
  return rows;
}

/** Forgets what is recorded of a change; an expand of a version before this one has made no table for it. */
export async function deleteLockHolds(database: Queryable, change: ChangedColumn): Promise<void> {
  if (!(await hasLockHolds(database))) return;
  await database.query(`delete from online_migration.lock_hold where change = $1`, [namesOf(change).change]);
}

/** The table is not there before the first expand, nor after the last one reverted. */
async function hasLockHolds(database: Queryable): Promise<boolean> {
  const { rows } = await database.query<{ ready: boolean }>(
    `select ${packageTableExists('lock_hold')} as ready`,
  );
  return rows[0]?.ready ?? false;
}
