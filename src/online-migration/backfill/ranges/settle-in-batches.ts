import { isLockConflict } from '../../postgres/database-error.ts';
import { pause } from '../../postgres/pause.ts';
import type { Session } from '../../postgres/session.ts';
import { pausesBetweenBatches, type SweepSurroundings } from './sweep-pauses.ts';

/** The sweep is not divided into stripes. */
const ONLY_STRIPE = 0;
/** If fewer rows of a batch are free, the free ones are searched first. */
const LEAST_FREE_SHARE = 0.5;

/**
 * Fills rows that the ranges have left, in transactions as short as the batches of the ranges. Between them it rests beside busy
 * sessions, and waits while the controls or the load require it.
 *
 * 1. Try the rows in their order. Rows that others have locked are skipped.
 * 2. After a batch that was mostly locked, find as many free rows as a batch has, and fill these, until none is free.
 *
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
  let rest = tids;
  let settled = 0;
  for (let isMostlyLocked = false; rest.length > 0;) {
    await untilNotHeldBack();
    signal.throwIfAborted();
    const rows = batchSize.batchRows(ONLY_STRIPE);
    const batch: readonly string[] = isMostlyLocked
      ? await findFree(session, surroundings, leaf, rest, rows)
      : rest.slice(0, rows);
    if (batch.length === 0) break;
    const began = performance.now();
    const count = await fill.settle(session, leaf, batch);
    const milliseconds = performance.now() - began;
    if (isMostlyLocked && count === 0) break;
    settled += count;
    const tried = new Set(batch);
    rest = rest.filter((tid) => !tried.has(tid));
    isMostlyLocked ||= count < batch.length * LEAST_FREE_SHARE;
    if (count === 0) continue;
    batchSize.observe(ONLY_STRIPE, count, milliseconds);
    meter.countOther(milliseconds);
    const restMs = nice.takeRest(Math.min(milliseconds, batchSize.targetMs));
    if (restMs > 0) await pause(restMs, signal);
  }
  return settled;
}

/** The first unfilled rows that no other session has locked; none if another session has locked the table. */
async function findFree(
  session: Session,
  { fill }: SweepSurroundings,
  leaf: string,
  tids: readonly string[],
  rows: number,
): Promise<string[]> {
  try {
    const found = await session.query<{ tid: string }>(
      `
      select ${fill.alias}.ctid::text as tid
      from ${leaf} as ${fill.alias}
      where ${fill.alias}.ctid = any ($1::tid[]) and ${fill.isUnfilled()}
      limit ${rows}
      for no key update of ${fill.alias} skip locked`,
      [tids],
    );
    return found.rows.map(({ tid }) => tid);
  } catch (error) {
    if (!isLockConflict(error)) throw error;
    return [];
  }
}
