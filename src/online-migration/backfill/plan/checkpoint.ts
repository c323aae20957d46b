import type { Queryable } from '../../postgres/queryable.ts';
import { type ClaimedRange, RangeTakenError } from './claim.ts';
import type { BackfillIdentity } from './backfill-work.ts';
import { dropQueue } from './queue-schema.ts';
import type { Position } from './stripes.ts';

/**
 * Records a batch in the plan. It must run in the batch's transaction, so that both are committed or neither.
 * @param position the position of the range after this batch
 * @param rowsFilled rows that this batch filled
 * @throws RangeTakenError if another worker has the range now; the batch must be rolled back
 */
export async function advanceRange(
  database: Queryable,
  fill: BackfillIdentity,
  range: ClaimedRange,
  position: Position,
  rowsFilled: number,
): Promise<void> {
  const { rowCount } = await database.query(
    `
    update online_migration.backfill_range
    set stripe = $5, next_block = $6, rows_filled = rows_filled + $7
    where change = $1 and leaf = $2 and first_block = $3 and claimed_by = $4`,
    [
      fill.names.change,
      range.leaf,
      range.firstBlock,
      range.claim,
      position.stripe,
      position.nextBlock,
      rowsFilled,
    ],
  );
  if (rowCount !== 1) throw new RangeTakenError(range);
}

/** Records rows that the sweep has filled. It must run in the sweep's transaction. */
export async function advanceSweep(
  database: Queryable,
  fill: BackfillIdentity,
  rowsFilled: number,
): Promise<void> {
  await database.query(
    `update online_migration.backfill set rows_swept = rows_swept + $2 where change = $1`,
    [fill.names.change, rowsFilled],
  );
}

/**
 * Writes the progress for people. A crash may lose it, so the commit does not wait for the disk. (Otherwise it would flush the
 * WAL of all batches four times a second, and the batches would wait meanwhile.)
 * @param shown.rowsDone rows filled so far
 * @param shown.rowsTotal estimate of all rows to fill
 * @param shown.rowsPerSecond rate of the last seconds
 * @param shown.secondsLeft null if unknown
 * @param shown.pausedFor the reason for waiting; null while it works
 */
export async function publishProgress(
  database: Queryable,
  fill: BackfillIdentity,
  shown: {
    readonly rowsDone: number;
    readonly rowsTotal: number;
    readonly rowsPerSecond: number;
    readonly secondsLeft: number | null;
    readonly batchRows: number | null;
    readonly pausedFor: string | null;
  },
): Promise<void> {
  await database.query(
    `
    with commit_without_wait as materialized (select set_config('synchronous_commit', 'off', true))
    update online_migration.backfill
    set rows_done = $2, rows_total = $3, rows_per_second = $4, seconds_left = $5, batch_rows = $6, paused_for = $7,
      updated_at = clock_timestamp()
    from commit_without_wait
    where change = $1`,
    [
      fill.names.change,
      shown.rowsDone,
      shown.rowsTotal,
      shown.rowsPerSecond,
      shown.secondsLeft,
      shown.batchRows,
      shown.pausedFor,
    ],
  );
}

/** Marks the backfill as finished, and replaces the estimated total by the actual one. */
export async function finishBackfill(database: Queryable, fill: BackfillIdentity): Promise<void> {
  await database.query(
    `
    update online_migration.backfill as b
    set rows_done = b.rows_swept + ranges.rows_filled, rows_total = b.rows_swept + ranges.rows_filled,
      seconds_left = 0, paused_for = null, updated_at = clock_timestamp(),
      finished_at = coalesce(finished_at, clock_timestamp())
    from (
      select coalesce(sum(rows_filled), 0) as rows_filled from online_migration.backfill_range where change = $1
    ) as ranges
    where b.change = $1`,
    [fill.names.change],
  );
}

/** Deletes the backfill of a change, so that the next one makes a new plan. No worker takes a range of it any more. */
export async function deleteBackfill(database: Queryable, change: string): Promise<void> {
  await dropQueue(database);
  await database.query(`delete from online_migration.backfill_range where change = $1`, [change]);
  await database.query(`delete from online_migration.backfill where change = $1`, [change]);
}
