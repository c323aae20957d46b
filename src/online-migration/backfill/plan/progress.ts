import type { ColumnChange } from '../../change/column-change.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import { changeNamesOf } from '../../change/names.ts';
import { sqlState, SQLSTATE } from '../../postgres/database-error.ts';
import { BLOCKS_DONE } from './stripes.ts';
import { packageTableExists } from '../../state/package-table.ts';

/** The progress of a backfill in its checkpoint. */
export interface BackfillProgress {
  /** `forward` fills the new column; `backward` fills the old one, when contract is reverted. */
  readonly direction: 'forward' | 'backward';
  /** Rows converted so far. */
  readonly rowsDone: number;
  /** Rows of the table, estimated until the backfill ends. */
  readonly rowsTotal: number;
  /** Share of the table's blocks that is done, 0 to 100. */
  readonly percent: number;
  readonly rowsPerSecond: number;
  /** Seconds left; 0 when it is finished, null if unknown. */
  readonly etaSeconds: number | null;
  /** The reason for waiting; null while it works. */
  readonly pausedFor: string | null;
  readonly finished: boolean;
}

interface ProgressRow {
  direction: 'forward' | 'backward';
  rows_done: string;
  rows_total: string;
  percent: number;
  rows_per_second: number;
  seconds_left: number | null;
  paused_for: string | null;
  finished: boolean;
}

/**
 * Reads the progress of a change's backfill; null if none has begun.
 * @param database any connection; it only needs `select` on the checkpoint tables
 */
export async function readBackfillProgress(
  database: Queryable,
  change: ColumnChange,
): Promise<BackfillProgress | null> {
  return readProgressOf(database, changeNamesOf(change).change);
}

/**
 * Does the same for a backfill by its name.
 * @param name of the change; of the migration, if it is a fill
 */
export async function readProgressOf(database: Queryable, name: string): Promise<BackfillProgress | null> {
  if (!(await hasBookkeeping(database))) return null;
  const row = await readProgressRow(database, name).catch((error: unknown) => {
    if (sqlState(error) === SQLSTATE.undefinedTable) return undefined;
    throw error;
  });
  if (row === undefined) return null;
  return {
    direction: row.direction,
    rowsDone: Number(row.rows_done),
    rowsTotal: Math.max(Number(row.rows_total), Number(row.rows_done)),
    percent: row.finished ? 100 : Math.floor(row.percent * 10) / 10,
    rowsPerSecond: Math.round(row.rows_per_second),
    etaSeconds: row.finished ? 0 : row.seconds_left === null ? null : Math.ceil(row.seconds_left),
    pausedFor: row.paused_for,
    finished: row.finished,
  };
}

async function readProgressRow(database: Queryable, change: string): Promise<ProgressRow | undefined> {
  const { rows } = await database.query<ProgressRow>(
    `
    with done as (
      select coalesce(sum(rows_filled), 0) as rows,
        coalesce(100 * sum(${BLOCKS_DONE}) / nullif(sum(r.end_block - r.first_block), 0), 100) as percent
      from online_migration.backfill_range r
      where change = $1
    )
    select direction, done.rows + rows_swept as rows_done, rows_total, done.percent,
      rows_per_second, seconds_left, paused_for, finished_at is not null as finished
    from online_migration.backfill, done
    where change = $1`,
    [change],
  );
  return rows[0];
}

/** The migrations whose fill is under way or was interrupted. */
export async function readFillNames(database: Queryable): Promise<string[]> {
  if (!(await hasBookkeeping(database))) return [];
  const { rows } = await database.query<{ name: string }>(`
    select b.change as name
    from online_migration.backfill b
    where not exists (select from online_migration.change c where c.name = b.change)
    order by b.change`);
  return rows.map(({ name }) => name);
}

/** Whether the checkpoint table exists. The first expand creates it, and the last revert of expand drops it. */
export async function hasBookkeeping(database: Queryable): Promise<boolean> {
  const { rows } = await database.query<{ ready: boolean }>(
    `select ${packageTableExists('backfill')} as ready`,
  );
  return rows[0]?.ready ?? false;
}
