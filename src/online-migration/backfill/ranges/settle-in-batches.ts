import { pause } from '../../postgres/pause.ts';
import type { Session } from '../../postgres/session.ts';
import type { BackfillWork } from '../plan/backfill-work.ts';
import type { Meter } from './meter.ts';
import type { BatchSizes } from '../throttle/batch-size.ts';
import type { NiceRatio } from '../throttle/nice-ratio.ts';

/** The sweep is not divided into stripes. */
const ONLY_STRIPE = 0;

/** The shared state of the workers of one process, which the sweep uses too. */
export interface SweepPace {
  readonly fill: BackfillWork;
  readonly batchSizes: BatchSizes;
  readonly nice: NiceRatio;
  readonly meter: Meter;
  /** Ends it between two transactions. */
  readonly signal: AbortSignal;
}

/**
 * Fills rows that the ranges have left, in transactions as short as the batches of the ranges. After each it rests beside busy sessions.
 * @param leaf schema and name, quoted
 * @param tids the rows, as `ctid` texts
 * @returns how many rows are no longer unfilled
 * @throws BackfillError if a trigger or a constraint of the table prevents the update of a row
 */
export async function settleInBatches(
  session: Session,
  { fill, batchSizes: { ofSweep }, nice, meter, signal }: SweepPace,
  leaf: string,
  tids: readonly string[],
): Promise<number> {
  let settled = 0;
  for (let done = 0; done < tids.length;) {
    signal.throwIfAborted();
    const some = tids.slice(done, done + ofSweep.batchRows(ONLY_STRIPE));
    const began = performance.now();
    const count = await fill.settle(session, leaf, some);
    const milliseconds = performance.now() - began;
    // Rows that others have locked cost nothing, so they tell nothing about the others.
    if (count > 0) ofSweep.observe(ONLY_STRIPE, count, milliseconds);
    meter.countOther(milliseconds);
    settled += count;
    done += some.length;
    const restMs = count === 0 ? 0 : nice.takeRest(Math.min(milliseconds, ofSweep.targetMs));
    if (restMs > 0) await pause(restMs, signal);
  }
  return settled;
}
