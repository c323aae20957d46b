import type { Emit } from '../change/events.ts';
import {
  compareBatch,
  type Difference,
  findDifferencesAtOnce,
  keepUnrebuildable,
  type ProofBatch,
  type ProofMode,
} from './equality-statements.ts';
import { nextBatchRows } from './batch-rows.ts';
import { readControls } from '../state/backfill-controls.ts';
import { changedColumnsOf } from '../change/changed-column.ts';
import type { ColumnChange } from '../change/column-change.ts';
import { describeBlocker, findBlockers } from '../postgres/lock-blockers.ts';
import { changeNamesOf } from '../change/names.ts';
import { pause } from '../postgres/pause.ts';
import { isLockConflict } from '../postgres/database-error.ts';
import type { Session } from '../postgres/session.ts';

/** Target duration of a batch, because a write of one of its rows waits for it. */
const BATCH_MS = 100;
/** Few enough to be read in that time even with documents of 30 kB each. */
const FIRST_BATCH_ROWS = 16;
/** Far below `deadlock_timeout`: if the application and a batch deadlock, the batch gives way first. */
const LOCK_TIMEOUT_MS = 50;
const CONTENTION_PAUSE_MS = 100;
const PAUSED_MS = 250;

/** Input of a comparison. */
export interface ProofSurroundings {
  readonly session: Session;
  readonly change: ColumnChange;
  /** Ends the comparison between two batches. */
  readonly signal: AbortSignal;
  /** Receives an event if the comparison has to wait, with the transactions that block it. */
  readonly emit: Emit;
}

/**
 * Compares the old and the new column of each pair, in all rows and in one pass.
 *
 * 1. It reads in the order of the key, not of the blocks. An update moves a row to another block but does not change
 *    its key, so no row is missed while the application writes.
 * 2. Each batch is a separate transaction, so snapshots are short. It has as many rows as fit in 100 ms.
 * 3. With `keep`, the keep triggers must exist: they record changes to rows that a batch has already read.
 * 4. A table without a key is compared in one statement, because only one snapshot contains every row exactly once.
 *    Its old values cannot be kept, so with `keep` a value that cannot be rebuilt counts as a difference.
 * 5. Between two batches it obeys `paused` of the backfill's controls.
 *
 * @returns the differences of the first ten differing rows; none if the columns are equal
 */
export async function findDifferences(
  surroundings: ProofSurroundings,
  mode: ProofMode,
): Promise<Difference[]> {
  const { session, change, signal } = surroundings;
  if (!changeNamesOf(change).key.lasts) return findDifferencesAtOnce(session, change, mode);
  let lastKey: string[] | null = null;
  let rows = FIRST_BATCH_ROWS;
  do {
    signal.throwIfAborted();
    await waitWhilePaused(surroundings);
    const began = performance.now();
    const batch: ProofBatch | undefined = await compareBatchPatiently(surroundings, mode, lastKey, rows);
    if (batch?.differences) return batch.differences;
    // Otherwise it would read on for as long as others insert rows.
    lastKey = batch?.is_full ? batch.last_key : null;
    rows = nextBatchRows(rows, performance.now() - began, BATCH_MS);
  } while (lastKey !== null);
  return [];
}

async function waitWhilePaused({ session, change, signal, emit }: ProofSurroundings): Promise<void> {
  const { change: name } = changeNamesOf(change);
  const isPaused = async () => (await readControls(session, name)).paused;
  if (!(await isPaused())) return;
  emit({
    type: 'comparison-paused',
    change: name,
    message: 'comparison of the columns: paused by hand',
  });
  do await pause(PAUSED_MS, signal);
  while (await isPaused());
  emit({ type: 'comparison-resumed', change: name, message: 'comparison of the columns: continues' });
}

async function compareBatchPatiently(
  surroundings: ProofSurroundings,
  mode: ProofMode,
  afterKey: string[] | null,
  rows: number,
): Promise<ProofBatch | undefined> {
  const { session, change, signal, emit } = surroundings;
  const { change: name, table } = changeNamesOf(change);
  for (let reported = ''; ;) {
    try {
      return await session.transaction(async () => {
        await session.query(`set local lock_timeout = ${LOCK_TIMEOUT_MS}`);
        const batch = await compareBatch(session, change, mode, afterKey, rows);
        for (const [index, column] of changedColumnsOf(change).entries()) {
          if (batch?.unrebuildable?.[index]) {
            await keepUnrebuildable(session, column, afterKey, batch.last_key);
          }
        }
        return batch;
      });
    } catch (error) {
      if (!isLockConflict(error)) throw error;
      const blockers = await findBlockers(session, { relations: [table], mode: 'rows' });
      const found = blockers.map(({ transaction }) => transaction).join(' ');
      if (found !== reported) {
        emit({
          type: 'waiting-for-rows',
          change: name,
          during: 'comparison',
          blockers,
          message:
            `comparison of the columns: waits for locked rows; transactions that have locked the table, the oldest first: ` +
            blockers.map(describeBlocker).join('; '),
        });
      }
      reported = found;
      await pause(CONTENTION_PAUSE_MS, signal);
    }
  }
}
