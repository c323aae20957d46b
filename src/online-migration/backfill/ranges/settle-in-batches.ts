import { pause } from '../../postgres/pause.ts';
import type { Session } from '../../postgres/session.ts';
import { pausesBetweenBatches, type SweepSurroundings } from './sweep-pauses.ts';

/** The sweep is not divided into stripes. */
const ONLY_STRIPE = 0;
/** Locked rows are only skipped, so a batch that found nothing else doubles the next one. */
const GROWTH_OF_LOCKED = 2;

/**
 * Fills rows that the ranges have left, in transactions as short as the batches of the ranges. Between them it rests beside busy
 * sessions, and waits while the controls or the load require it.
 * @param leaf schema and name, quoted
 * @param tids the rows, as `ctid` texts
 * @returns how many rows are no longer unfilled
 * @throws BackfillError if a trigger or a constraint of the table prevents the update of a row
 */
export async function settleInBatches(
  session: Session,
  surroundings: SweepSurroundings,
  leaf: string,
  tids: readonly string[],
): Promise<number> {
  const { fill, batchSizes, nice, meter, signal } = surroundings;
  const batchSize = batchSizes.forSweepOf(leaf);
  const untilNotHeldBack = pausesBetweenBatches(session, surroundings);
  let rows = batchSize.batchRows(ONLY_STRIPE);
  let settled = 0;
  for (let done = 0; done < tids.length;) {
    await untilNotHeldBack();
    signal.throwIfAborted();
    const some = tids.slice(done, done + rows);
    const began = performance.now();
    const count = await fill.settle(session, leaf, some);
    const milliseconds = performance.now() - began;
    settled += count;
    done += some.length;
    if (count === 0) {
      rows *= GROWTH_OF_LOCKED;
      continue;
    }
    batchSize.observe(ONLY_STRIPE, count, milliseconds);
    rows = batchSize.batchRows(ONLY_STRIPE);
    meter.countOther(milliseconds);
    const restMs = nice.takeRest(Math.min(milliseconds, batchSize.targetMs));
    if (restMs > 0) await pause(restMs, signal);
  }
  return settled;
}
