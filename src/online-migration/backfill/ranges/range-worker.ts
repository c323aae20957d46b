import type { Emit } from '../../change/events.ts';
import { pause } from '../../postgres/pause.ts';
import type { Session } from '../../postgres/session.ts';
import type { AutovacuumHold } from '../space/autovacuum-hold.ts';
import { isLockConflict } from '../../postgres/database-error.ts';
import { advanceRange } from '../plan/checkpoint.ts';
import { type ClaimedRange, claimRange } from '../plan/claim.ts';
import type { BackfillWork } from '../plan/backfill-work.ts';
import type { WorkerPauses } from '../throttle/worker-pause.ts';
import { readBytesPerBlock } from '../../postgres/partition-tree.ts';
import type { Meter } from './meter.ts';
import type { NiceRatio } from '../throttle/nice-ratio.ts';
import type { BatchSize, BatchSizes } from '../throttle/batch-size.ts';
import type { Range } from '../plan/plan.ts';
import type { SpaceReuse } from '../space/space-reuse.ts';
import { lastPassFrom, passFrom, shareOf, STRIPES } from '../plan/stripes.ts';
import type { WorkerConnection } from './worker-connection.ts';

const CONTENTION_PAUSE_MS = 100;
/**
 * A pass has at least so many batches. When the next pass returns to a page, the batches of other workers that were running when its
 * rows were replaced have ended, and its dead versions can be removed. (With rows of 330 bytes and two workers, a pass had been
 * one batch, the primary key became 1.82 and the heap 1.14 times as large. With three, it is 1.00 and 1.13 times, and takes 7 percent less time.)
 */
const BATCHES_PER_PASS = 3;

/** The shared state of the workers of one process. */
export interface WorkerShare {
  readonly fill: BackfillWork;
  readonly pauses: WorkerPauses;
  readonly batchSizes: BatchSizes;
  readonly nice: NiceRatio;
  readonly meter: Meter;
  readonly hold: AutovacuumHold;
  readonly space: SpaceReuse;
  readonly signal: AbortSignal;
  readonly emit: Emit;
}

/**
 * Takes a range and fills it pass by pass, in batches. Then it frees space for the next ranges.
 * @param goOn is called between two batches; if it returns false, another worker gets the rest of the range
 * @returns the range with its progress
 * @throws RangeTakenError if another worker has taken the range
 */
export async function fillRange(
  connection: WorkerConnection,
  share: WorkerShare,
  rangeToTake: Range,
  goOn: () => boolean,
): Promise<Range> {
  const { fill, pauses, hold, space, signal, emit } = share;
  const claim = async (session: Session) => {
    // A trigger may have been created since the last range.
    await fill.prepare(session);
    return claimRange(session, fill, rangeToTake);
  };
  let range = await untilNotContended(() => connection.run(claim, signal, emit), signal);
  if (range === null) return { ...rangeToTake, stripe: STRIPES };
  const { leaf, rowsPerBlock } = range;
  const measure = (session: Session) => readBytesPerBlock(session, leaf);
  const bytesPerBlock = await untilNotContended(() => connection.run(measure, signal, emit), signal);
  const batchSize = share.batchSizes.forRows(bytesPerBlock / rowsPerBlock);
  await hold.take();
  while (range.stripe < STRIPES && goOn()) {
    if (pauses.reason !== null) {
      await hold.release();
      await pauses.wait(signal);
      await hold.take();
    }
    signal.throwIfAborted();
    range = await fillNextBatch(connection, share, batchSize, range);
  }
  if (range.stripe === STRIPES) {
    const reuse = (session: Session) => space.rangeDone(session, leaf, signal);
    await untilNotContended(() => connection.run(reuse, signal, emit), signal);
  }
  return range;
}

/** Fills the next batch of a range; returns the range with its progress. */
async function fillNextBatch(
  connection: WorkerConnection,
  { fill, nice, hold, meter, signal, emit }: WorkerShare,
  batchSize: BatchSize,
  range: ClaimedRange,
): Promise<ClaimedRange> {
  const { leaf, stripe, nextBlock, rowsPerBlock } = range;
  const pass = fill.isOnePass ? lastPassFrom(stripe) : passFrom(stripe, rowsPerBlock);
  const share = shareOf(pass);
  const batchRowsPerBlock = rowsPerBlock * share;
  const wantedBlocks = Math.min(
    Math.round(batchSize.batchRows(stripe) / batchRowsPerBlock),
    Math.ceil((range.endBlock - range.firstBlock) / BATCHES_PER_PASS),
  );
  const endBlock = Math.min(nextBlock + Math.max(1, wantedBlocks), range.endBlock);
  const isPassDone = endBlock === range.endBlock;
  const after = isPassDone
    ? { stripe: stripe + pass.stripes, nextBlock: range.firstBlock }
    : { stripe, nextBlock: endBlock };
  const batch = { ...pass, leaf, firstBlock: nextBlock, endBlock };
  let began = Number.NaN;
  const fillOnce = (session: Session) => {
    began = performance.now();
    return fill.fillBatch(session, batch, (rowsFilled) =>
      advanceRange(session, fill, range, after, rowsFilled),
    );
  };
  // Another session holds or requests a lock on the whole table: halve the batch and wait without a lock.
  const giveWay = async () => {
    // No batch began if the session had to be opened again.
    if (!Number.isNaN(began)) meter.countOther(performance.now() - began);
    began = Number.NaN;
    batchSize.shrink();
    await hold.release();
  };
  const rows = await untilNotContended(() => connection.run(fillOnce, signal, emit), signal, giveWay);
  const milliseconds = performance.now() - began;
  batchSize.observe(stripe, (endBlock - nextBlock) * batchRowsPerBlock, milliseconds);
  meter.count({ rows, blocks: (endBlock - nextBlock) * share, milliseconds });
  const isTooLong = rows > 0 && endBlock - nextBlock === 1 && milliseconds > 2 * batchSize.targetMs;
  if (isTooLong && !batchSize.isTooLongLogged) {
    batchSize.isTooLongLogged = true;
    emit({
      type: 'batch-too-long',
      change: fill.names.change,
      table: leaf,
      rows,
      milliseconds,
      targetMs: batchSize.targetMs,
      message:
        `backfill: a batch is one block at least, and one of ${leaf} with ${rows} rows took ${milliseconds.toFixed(0)} ms instead of ` +
        `${batchSize.targetMs.toFixed(0)} ms; writes of these rows wait for that long`,
    });
  }
  const restMs = nice.takeRest(Math.min(milliseconds, batchSize.targetMs));
  if (restMs > 0) await pause(restMs, signal);
  return { ...range, ...after };
}

/** If other sessions hold the locks that it needs, retry without a limit. */
async function untilNotContended<T>(
  work: () => Promise<T>,
  signal: AbortSignal,
  contended: () => Promise<void> = async () => undefined,
): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isLockConflict(error)) throw error;
      await contended();
      await pause(CONTENTION_PAUSE_MS, signal);
    }
  }
}
