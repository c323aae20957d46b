import type { Emit } from '../change/events.ts';
import {
  compareBatch,
  type Difference,
  findDifferencesAtOnce,
  nameDifferences,
  NAMED_DIFFERENCES,
  type ProofBatch,
  type ProofMode,
} from './equality-statements.ts';
import { type KeySpan, readKeySpans } from './key-spans.ts';
import { ProofPace } from './proof-pace.ts';
import { keepUnrebuildable } from './unrebuildable-values.ts';
import { nextBatchRows } from './batch-rows.ts';
import { changedColumnsOf } from '../change/changed-column.ts';
import type { ColumnChange } from '../change/column-change.ts';
import { describeBlocker, findBlockers } from '../postgres/lock-blockers.ts';
import { changeNamesOf } from '../change/names.ts';
import { pause } from '../postgres/pause.ts';
import { isLockConflict } from '../postgres/database-error.ts';
import type { Session } from '../postgres/session.ts';

/** Few enough to be read in that time even with documents of 30 kB each. */
const FIRST_BATCH_ROWS = 16;
/** Far below `deadlock_timeout`: if the application and a batch deadlock, the batch gives way first. */
const LOCK_TIMEOUT_MS = 50;
const CONTENTION_PAUSE_MS = 100;

/** Input of a comparison. */
export interface ProofSurroundings {
  readonly session: Session;
  /** Opens another session, for the second half of a large table. */
  readonly openSession: () => Promise<Session>;
  readonly change: ColumnChange;
  /** Ends the comparison between two batches. */
  readonly signal: AbortSignal;
  /** Receives an event if the comparison has to wait, with the transactions that block it. */
  readonly emit: Emit;
}

/** The result of a comparison. */
export interface Comparison {
  /** Those of the first ten differing rows; none if the columns are equal. */
  readonly differences: Difference[];
  /** False in the mode `read` if every row that has an old value has a new one. */
  readonly mayHaveRejects: boolean;
}

/**
 * Compares the old and the new column of each pair, in all rows and in one pass.
 *
 * 1. It reads in the order of the key, not of the blocks. An update moves a row to another block but does not change
 *    its key, so no row is missed while the application writes.
 * 2. A large table is divided at a key near its middle, and two sessions compare its halves.
 * 3. Each batch is a separate transaction, so snapshots are short. It has as many rows as fit in 100 ms, fewer while other sessions
 *    are busy; then it also rests after each batch, as the backfill does.
 * 4. With `keep`, the keep triggers must exist: they record changes to rows that a batch has already read.
 * 5. A table without a key is compared in one statement, because only one snapshot contains every row exactly once.
 *    Its old values cannot be kept, so with `keep` a value that cannot be rebuilt counts as a difference.
 * 6. Between two batches it obeys `paused` of the backfill's controls.
 */
export async function compareColumns(surroundings: ProofSurroundings, mode: ProofMode): Promise<Comparison> {
  const { session, openSession, change, signal, emit } = surroundings;
  if (!changeNamesOf(change).key.lasts) {
    return { differences: await findDifferencesAtOnce(session, change, mode), mayHaveRejects: true };
  }
  const spans = await readKeySpans(session, change);
  const pace = new ProofPace(change, emit);
  const stop = new AbortController();
  const compare = async (span: KeySpan, index: number): Promise<Comparison> => {
    try {
      await using further = index === 0 ? undefined : await openSession();
      await further?.outliveSilence();
      const own = {
        ...surroundings,
        session: further ?? session,
        signal: AbortSignal.any([signal, stop.signal]),
      };
      const compared = await compareSpan(own, mode, span, pace);
      if (compared.differences.length > 0) stop.abort();
      return compared;
    } catch (error) {
      const isFirst = !stop.signal.aborted;
      stop.abort();
      if (isFirst) throw error;
      return { differences: [], mayHaveRejects: true };
    }
  };
  const results = await Promise.allSettled(spans.map(compare));
  const failed = results.find(({ status }) => status === 'rejected');
  if (failed !== undefined) throw (failed as PromiseRejectedResult).reason;
  const compared = results.map((result) => (result as PromiseFulfilledResult<Comparison>).value);
  return {
    differences: ofFirstRows(compared.flatMap(({ differences }) => differences)),
    mayHaveRejects: compared.some(({ mayHaveRejects }) => mayHaveRejects),
  };
}

/** The differences of the first ten rows. A row has one for each pair of columns that differs. */
function ofFirstRows(differences: readonly Difference[]): Difference[] {
  const keys = [...new Set(differences.map(({ key }) => key))].slice(0, NAMED_DIFFERENCES);
  return differences.filter(({ key }) => keys.includes(key));
}

/** Compares the rows of a span, batch by batch, up to the first batch with differences. */
async function compareSpan(
  surroundings: ProofSurroundings,
  mode: ProofMode,
  span: KeySpan,
  pace: ProofPace,
): Promise<Comparison> {
  const { session, signal } = surroundings;
  let rest = span;
  let rows = FIRST_BATCH_ROWS;
  let mayHaveRejects = false;
  for (;;) {
    signal.throwIfAborted();
    await pace.waitWhilePaused(session, signal);
    const began = performance.now();
    const batch = await compareBatchPatiently(surroundings, mode, rest, rows);
    mayHaveRejects ||= batch.has_rejects === true;
    if (batch.differences.length > 0) return { differences: batch.differences, mayHaveRejects };
    // The row was written before it could be named. Only rows that were seen without a difference are done.
    if (batch.differs) continue;
    // Otherwise it would read on for as long as others insert rows.
    if (!batch.is_full) return { differences: [], mayHaveRejects };
    rest = { ...rest, after: batch.last_key };
    const milliseconds = performance.now() - began;
    rows = nextBatchRows(rows, milliseconds, pace.batchMs);
    await pace.rest(session, milliseconds, signal);
  }
}

async function compareBatchPatiently(
  surroundings: ProofSurroundings,
  mode: ProofMode,
  rest: KeySpan,
  rows: number,
): Promise<ProofBatch & Pick<Comparison, 'differences'>> {
  const { session, change, signal, emit } = surroundings;
  const { change: name, table } = changeNamesOf(change);
  for (let reported = ''; ;) {
    try {
      return await session.transaction(async () => {
        await session.query(`set local lock_timeout = ${LOCK_TIMEOUT_MS}`);
        const batch = await compareBatch(session, change, mode, rest, rows);
        const compared = { ...rest, upTo: batch.last_key };
        const differences = batch.differs ? await nameDifferences(session, change, mode, compared) : [];
        for (const [index, column] of changedColumnsOf(change).entries()) {
          if (batch.unrebuildable?.[index]) {
            await keepUnrebuildable(session, column, compared);
          }
        }
        return { ...batch, differences };
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
