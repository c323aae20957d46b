import { backfillFinished } from '../backfill/finished-event.ts';
import { changeWork } from '../backfill/batch/change-work.ts';
import { type ChangeFill, targetsOf } from '../backfill/plan/fill.ts';
import { runBackfill } from '../backfill/run-backfill.ts';
import { recordLockHold } from '../state/lock-holds.ts';
import { countRejects } from '../verify/rejects.ts';
import type { PhaseContext } from './phase.ts';

/** The `analyze` of autovacuum gives way to a session that has waited for `deadlock_timeout`, 1 s by default. */
const ANALYZE_LOCK_TIMEOUT_MS = 5_000;

/**
 * Runs a backfill to its end, and reports the result. Then it gathers statistics on the filled column. Without them,
 * queries are planned for a column of nulls until autovacuum runs.
 */
export async function fillAndReport(context: PhaseContext, fill: ChangeFill): Promise<void> {
  const { session, change, openSession, settings, signal, emit } = context;
  const summary = await runBackfill(session, changeWork(fill), {
    openSession,
    settings: settings.backfill,
    signal,
    emit,
  });
  const rejects = fill.direction === 'forward' ? await countRejects(session, change) : 0;
  emit(backfillFinished(fill, summary, rejects));
  await analyze(context, fill);
  if (summary.batches === null) return;
  const purpose = fill.direction === 'forward' ? 'backfill' : 'revert contract: fill the old column';
  await recordLockHold(session, change, {
    purpose: `${purpose}, the longest batch`,
    mode: 'ROW EXCLUSIVE',
    milliseconds: summary.batches.longestMs,
  });
}

/** Reports if the statistics could not be gathered; autovacuum gathers them later. */
async function analyze({ session, emit }: PhaseContext, fill: ChangeFill): Promise<void> {
  const { names } = fill;
  const targets = targetsOf(fill);
  try {
    await session.query(`set lock_timeout = ${ANALYZE_LOCK_TIMEOUT_MS}`);
    await session.runUnlimited(`analyze ${names.table} (${targets})`);
  } catch (error) {
    if (session.lost.aborted) throw error;
    const reason = (error as Error).message;
    emit({
      type: 'statistics-missing',
      change: names.change,
      table: names.table,
      column: targets,
      reason,
      message:
        `backfill: no statistics of ${targets} yet (${reason}); run \`analyze ${names.table} (${targets})\`, or wait ` +
        `for autovacuum`,
    });
  } finally {
    if (!session.lost.aborted) await session.query('set lock_timeout = 0');
  }
}
