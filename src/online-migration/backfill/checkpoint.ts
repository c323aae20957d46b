import type { Queryable } from '../column-change.ts';
import type { Fill } from './fill.ts';

/** Where a backfill goes on. */
export interface Checkpoint {
  /** First heap block that is not done. */
  readonly nextBlock: number;
  /** The block after the last one; rows that came later are filled by the sync trigger or by the sweep. */
  readonly endBlock: number;
  readonly rowsDone: number;
  readonly rowsTotal: number;
  readonly finished: boolean;
}

/** Writes the checkpoint of a backfill that begins; one of the same direction that is there already stays as it is. */
export async function startCheckpoint(
  database: Queryable,
  fill: Fill,
  size: { readonly blocks: number; readonly rows: number },
): Promise<void> {
  await database.query(
    `
    insert into online_migration.backfill as b (change, direction, next_block, end_block, rows_done, rows_total)
    values ($1, $2, 0, $3, 0, $4)
    on conflict (change) do update
    set direction = excluded.direction, next_block = 0, end_block = excluded.end_block, rows_done = 0,
      rows_total = excluded.rows_total, rows_per_second = 0, seconds_left = null, started_at = now(),
      updated_at = now(), finished_at = null
    where b.direction <> excluded.direction`,
    [fill.names.change, fill.direction, size.blocks, size.rows],
  );
}

/** Reads the checkpoint; null where the backfill has not begun or the last one went the other way. */
export async function readCheckpoint(database: Queryable, fill: Fill): Promise<Checkpoint | null> {
  const { rows } = await database.query<
    Record<'next_block' | 'end_block' | 'rows_done' | 'rows_total', string> & { finished: boolean }
  >(
    `
    select next_block, end_block, rows_done, rows_total, finished_at is not null as finished
    from online_migration.backfill
    where change = $1 and direction = $2`,
    [fill.names.change, fill.direction],
  );
  const row = rows[0];
  if (row === undefined) return null;
  return {
    nextBlock: Number(row.next_block),
    endBlock: Number(row.end_block),
    rowsDone: Number(row.rows_done),
    rowsTotal: Number(row.rows_total),
    finished: row.finished,
  };
}

/** Moves the checkpoint on; belongs in the transaction that filled the rows. */
export async function advanceCheckpoint(
  database: Queryable,
  fill: Fill,
  step: {
    readonly nextBlock: number;
    readonly rowsFilled: number;
    readonly rowsPerSecond: number;
    readonly secondsLeft: number | null;
  },
): Promise<void> {
  await database.query(
    `
    update online_migration.backfill
    set next_block = $2, rows_done = rows_done + $3, rows_total = greatest(rows_total, rows_done + $3),
      rows_per_second = $4, seconds_left = $5, updated_at = clock_timestamp()
    where change = $1`,
    [fill.names.change, step.nextBlock, step.rowsFilled, step.rowsPerSecond, step.secondsLeft],
  );
}

/** Marks the backfill as finished; from then on the total is what was really done. */
export async function finishCheckpoint(database: Queryable, fill: Fill): Promise<void> {
  await database.query(
    `
    update online_migration.backfill
    set next_block = end_block, rows_total = rows_done, seconds_left = 0, updated_at = clock_timestamp(),
      finished_at = coalesce(finished_at, clock_timestamp())
    where change = $1`,
    [fill.names.change],
  );
}

/** Forgets the backfill of a change, so that the next one begins at the first block. */
export async function deleteCheckpoint(database: Queryable, changeName: string): Promise<void> {
  await database.query(`delete from online_migration.backfill where change = $1`, [changeName]);
}
