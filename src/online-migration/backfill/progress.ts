import type { ColumnChange, Queryable } from '../column-change.ts';
import { namesOf } from '../names.ts';

/** How far a backfill is, as its checkpoint says. */
export interface BackfillProgress {
  /** `forward` fills the new column, `backward` the old one on the way back. */
  readonly direction: 'forward' | 'backward';
  /** Rows converted so far. */
  readonly rowsDone: number;
  /** Rows of the table, estimated until the backfill ends. */
  readonly rowsTotal: number;
  /** Share of the table's blocks that is done, 0 to 100. */
  readonly percent: number;
  readonly rowsPerSecond: number;
  /** Seconds left; 0 when it is finished, null while nothing is known. */
  readonly etaSeconds: number | null;
  readonly finished: boolean;
}

interface CheckpointRow {
  direction: 'forward' | 'backward';
  rows_done: string;
  rows_total: string;
  next_block: string;
  end_block: string;
  rows_per_second: number;
  seconds_left: number | null;
  finished: boolean;
}

/**
 * Reads the progress of a change's backfill; null where none has begun.
 * @param database any connection; it needs no more than `select` on the checkpoint table
 */
export async function readBackfillProgress(
  database: Queryable,
  change: ColumnChange,
): Promise<BackfillProgress | null> {
  if (!(await hasBookkeeping(database))) return null;
  const { rows } = await database.query<CheckpointRow>(
    `
    select direction, rows_done, rows_total, next_block, end_block, rows_per_second, seconds_left,
      finished_at is not null as finished
    from online_migration.backfill
    where change = $1`,
    [namesOf(change).change],
  );
  const row = rows[0];
  if (row === undefined) return null;
  const share = Number(row.end_block) === 0 ? 1 : Number(row.next_block) / Number(row.end_block);
  return {
    direction: row.direction,
    rowsDone: Number(row.rows_done),
    rowsTotal: Number(row.rows_total),
    percent: row.finished ? 100 : Math.round(share * 1000) / 10,
    rowsPerSecond: Math.round(row.rows_per_second),
    etaSeconds: row.finished ? 0 : row.seconds_left,
    finished: row.finished,
  };
}

/** Whether the checkpoint table is there; it comes with the first expand and goes with the last one reverted. */
async function hasBookkeeping(database: Queryable): Promise<boolean> {
  const { rows } = await database.query<{ ready: boolean }>(
    `select to_regclass('online_migration.backfill') is not null as ready`,
  );
  return rows[0]?.ready ?? false;
}
