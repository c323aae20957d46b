import type { Session } from '../../postgres/session.ts';
import { BackfillError } from './backfill-error.ts';
import type { BackfillIdentity } from './backfill-work.ts';
import type { Leaf } from '../../postgres/partition-tree.ts';
import { BLOCKS_DONE, type Position, STRIPES } from './stripes.ts';

/** 32 MB with blocks of 8 kB: some seconds of work, so that all workers are busy until the end of the table. */
const LARGEST_RANGE_BLOCKS = 4_096;
const SMALLEST_RANGE_BLOCKS = 256;
/**
 * SQL of the blocks of a range. Each pass reads the range again, so the ranges of some workers must fit in the server's
 * buffers. (With 16 MB of buffers and 4,096 blocks, the passes read and wrote 73 MB eleven times, with 512 blocks three times.)
 */
const RANGE_BLOCKS = `least(${LARGEST_RANGE_BLOCKS}, greatest(${SMALLEST_RANGE_BLOCKS},
      pg_size_bytes(current_setting('shared_buffers')) / current_setting('block_size')::bigint / 8))`;
/** Rows of a block if a table is empty and no estimate exists. */
const ASSUMED_ROWS_PER_BLOCK = 100;

/** A span of a leaf's heap blocks, and its progress. */
export interface Range extends Position {
  /** Schema and name of the leaf, quoted. */
  readonly leaf: string;
  readonly firstBlock: number;
  /** The block after the last one. */
  readonly endBlock: number;
  /** Average rows of a block, to convert a number of rows to a number of blocks. */
  readonly rowsPerBlock: number;
}

/**
 * Divides the table into ranges, in the physical order of its blocks, and records them. An existing plan of the same
 * direction is kept with its progress. The sync trigger fills rows that are inserted later. The sweep fills rows that
 * an update moves behind the last range.
 * @param session has a transaction open, so that a plan is complete or absent
 * @param leaves the tables that store the rows
 */
export async function planBackfill(session: Session, fill: BackfillIdentity, leaves: Leaf[]): Promise<void> {
  if (!(await startBackfill(session, fill, leaves))) return;
  await deleteRanges(session, fill.names.change);
  for (const leaf of leaves) await insertRanges(session, fill, leaf);
}

/** A range as its database row. */
export interface RangeRow {
  leaf: string;
  first_block: string;
  end_block: string;
  stripe: number;
  next_block: string;
  rows_per_block: number;
}

/** The unfinished ranges, in physical order. */
export async function readOpenRanges(session: Session, fill: BackfillIdentity): Promise<Range[]> {
  const { rows } = await session.query<RangeRow>(
    `
    select leaf, first_block, end_block, stripe, next_block, rows_per_block
    from online_migration.backfill_range
    where change = $1 and stripe < ${STRIPES}
    order by leaf, first_block`,
    [fill.names.change],
  );
  return rows.map(rangeOf);
}

/** Converts a database row to a range. */
export function rangeOf(row: RangeRow): Range {
  return {
    leaf: row.leaf,
    firstBlock: Number(row.first_block),
    endBlock: Number(row.end_block),
    stripe: row.stripe,
    nextBlock: Number(row.next_block),
    rowsPerBlock: row.rows_per_block,
  };
}

/** Writes the backfill's own row; returns whether it is a new one. */
async function startBackfill(session: Session, fill: BackfillIdentity, leaves: Leaf[]): Promise<boolean> {
  const { rowCount } = await session.query(
    `
    insert into online_migration.backfill as b (change, direction, rows_total)
    values ($1, $2, $3)
    on conflict (change) do update
    set direction = excluded.direction, rows_done = 0, rows_total = excluded.rows_total, rows_swept = 0, rows_per_second = 0,
      seconds_left = null, batch_rows = null, paused_for = null, paused = false, batch_ms = null, workers = null,
      started_at = now(), updated_at = now(), finished_at = null
    where b.direction <> excluded.direction`,
    [fill.names.change, fill.direction, leaves.reduce((sum, { rows }) => sum + rows, 0)],
  );
  return rowCount === 1;
}

async function deleteRanges(session: Session, change: string): Promise<void> {
  await session.query(`delete from online_migration.backfill_range where change = $1`, [change]);
}

async function insertRanges(session: Session, fill: BackfillIdentity, leaf: Leaf): Promise<void> {
  const rowsPerBlock = leaf.blocks > 0 && leaf.rows > 0 ? leaf.rows / leaf.blocks : ASSUMED_ROWS_PER_BLOCK;
  await session.query(
    `
    insert into online_migration.backfill_range (change, leaf, first_block, end_block, next_block, rows_per_block)
    select $1, $2, block, least(block + range.blocks, $3::bigint), block, $4
    from (select ${RANGE_BLOCKS} as blocks) as range
    cross join generate_series(0, $3::bigint - 1, range.blocks) as block`,
    [fill.names.change, leaf.name, leaf.blocks, rowsPerBlock],
  );
}

/** Reads the size of the plan and the progress of earlier runs. */
export async function readPlanSize(
  session: Session,
  fill: BackfillIdentity,
): Promise<{ rowsDone: number; rowsTotal: number; blocksDone: number; blocksTotal: number }> {
  const { rows } = await session.query<
    Record<'rows_done' | 'rows_total' | 'blocks_done' | 'blocks_total', string>
  >(
    `
    select b.rows_total, b.rows_swept + coalesce(sum(r.rows_filled), 0) as rows_done,
      coalesce(sum(${BLOCKS_DONE}), 0) as blocks_done,
      coalesce(sum(r.end_block - r.first_block), 0) as blocks_total
    from online_migration.backfill b
    left join online_migration.backfill_range r using (change)
    where b.change = $1
    group by b.change`,
    [fill.names.change],
  );
  const row = rows[0];
  if (row === undefined)
    throw new BackfillError(
      'BACKFILL_PLAN_DELETED',
      `The plan of ${fill.names.change} was deleted while the backfill began.`,
      { change: fill.names.change },
    );
  return {
    rowsDone: Number(row.rows_done),
    rowsTotal: Number(row.rows_total),
    blocksDone: Number(row.blocks_done),
    blocksTotal: Number(row.blocks_total),
  };
}
