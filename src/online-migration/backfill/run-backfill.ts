import { pause } from '../pause.ts';
import type { Session } from '../session.ts';
import { fillRange, fillStragglers } from './batch.ts';
import { advanceCheckpoint, type Checkpoint, readCheckpoint, startCheckpoint } from './checkpoint.ts';
import { countUnfilled, type Fill } from './fill.ts';
import { Pace } from './pace.ts';
import { measureTable } from './table-size.ts';

/** The sweep waits this long for rows that others hold before it looks again. */
const LOCKED_ROWS_PAUSE_MS = 250;
/** Weight of the newest batch in the rate that is shown. */
const RATE_SMOOTHING = 0.1;
/** Rows of a block, until the catalog knows. */
const ASSUMED_ROWS_PER_BLOCK = 100;

/** What a running backfill tells after each batch. */
export interface BackfillReport {
  readonly rowsDone: number;
  readonly rowsTotal: number;
  /** Share of the table's blocks that is done, 0 to 100. */
  readonly percent: number;
  readonly rowsPerSecond: number;
  /** Seconds left, null until there is a rate. */
  readonly secondsLeft: number | null;
}

/**
 * Fills a column of every row, in short transactions, and goes on where an earlier run stopped.
 *
 * 1. Note the table's size in blocks: the plan, and the first checkpoint.
 * 2. Range by range of heap blocks, in physical order: one transaction fills the rows and moves the checkpoint on.
 * 3. After each batch, choose the size of the next one so that it lasts as long as it should.
 * 4. Sweep: fill the rows that were locked or that moved, until none is left that has a faithful value.
 *
 * @param session runs the batches, one after the other
 * @param signal ends the run between two batches
 * @param report receives the progress after each batch
 * @returns the number of rows filled, over all runs
 */
export async function runBackfill(
  session: Session,
  fill: Fill,
  signal: AbortSignal,
  report: (progress: BackfillReport) => void,
): Promise<number> {
  const size = await measureTable(session, fill.names.table);
  await startCheckpoint(session, fill, size);
  const checkpoint = await readCheckpoint(session, fill);
  if (checkpoint === null)
    throw new Error(`The checkpoint of ${fill.names.change} was deleted while the backfill ran.`);
  const rowsPerBlock = size.blocks > 0 && size.rows > 0 ? size.rows / size.blocks : ASSUMED_ROWS_PER_BLOCK;
  const rowsDone = await fillAllRanges(session, fill, checkpoint, rowsPerBlock, signal, report);
  return rowsDone + (await sweep(session, fill, signal));
}

async function fillAllRanges(
  session: Session,
  fill: Fill,
  start: Checkpoint,
  rowsPerBlock: number,
  signal: AbortSignal,
  report: (progress: BackfillReport) => void,
): Promise<number> {
  const pace = new Pace();
  let { nextBlock, rowsDone } = start;
  let millisecondsPerBlock: number | undefined;
  let rowsPerSecond = 0;
  while (nextBlock < start.endBlock) {
    signal.throwIfAborted();
    const blocks = Math.max(1, Math.round(pace.batchRows / rowsPerBlock));
    const range = { first: nextBlock, end: Math.min(nextBlock + blocks, start.endBlock) };
    const began = performance.now();
    const secondsLeft =
      millisecondsPerBlock === undefined
        ? null
        : ((start.endBlock - range.end) * millisecondsPerBlock) / 1000;
    const filled = await fillRange(session, fill, range, (rowsFilled) =>
      advanceCheckpoint(session, fill, { nextBlock: range.end, rowsFilled, rowsPerSecond, secondsLeft }),
    );
    const elapsed = performance.now() - began;
    pace.observe(elapsed);
    nextBlock = range.end;
    rowsDone += filled;
    millisecondsPerBlock = smoothed(millisecondsPerBlock, elapsed / (range.end - range.first));
    rowsPerSecond = smoothed(rowsPerSecond || undefined, (filled * 1000) / elapsed);
    report({
      rowsDone,
      rowsTotal: Math.max(start.rowsTotal, rowsDone),
      percent: (100 * nextBlock) / start.endBlock,
      rowsPerSecond,
      secondsLeft: ((start.endBlock - nextBlock) * millisecondsPerBlock) / 1000,
    });
  }
  return rowsDone;
}

async function sweep(session: Session, fill: Fill, signal: AbortSignal): Promise<number> {
  let swept = 0;
  while ((await countUnfilled(session, fill)) > 0) {
    signal.throwIfAborted();
    const filled = await fillStragglers(session, fill);
    swept += filled;
    if (filled === 0) await pause(LOCKED_ROWS_PAUSE_MS, signal);
  }
  return swept;
}

function smoothed(average: number | undefined, latest: number): number {
  return average === undefined ? latest : average + RATE_SMOOTHING * (latest - average);
}
