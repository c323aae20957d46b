import type { Fill } from '../backfill/fill.ts';
import { showProgress } from '../backfill/progress-display.ts';
import { type BackfillSummary, runBackfill } from '../backfill/run-backfill.ts';
import { summaryLine } from '../backfill/summary-line.ts';
import { recordLockHold } from '../lock-holds.ts';
import { findRejects } from '../rejects.ts';
import type { MoveContext } from './move.ts';

/** Runs a backfill to its end, and shows how far it is; logs a closing line. */
export async function fillAndReport(context: MoveContext, fill: Fill): Promise<void> {
  const { session, change, log } = context;
  const summary = await fillWithDisplay(context, fill);
  const { total: rejects } =
    fill.direction === 'forward' ? await findRejects(session, change, 0) : { total: 0 };
  log(summaryLine(summary, rejects));
  if (summary.batches === null) return;
  const purpose = fill.direction === 'forward' ? 'backfill' : 'revert contract: fill the old column';
  await recordLockHold(session, change, {
    purpose: `${purpose}, the longest batch`,
    mode: 'ROW EXCLUSIVE',
    milliseconds: summary.batches.longestMs,
  });
}

async function fillWithDisplay(
  { session, openSession, settings, signal, log }: MoveContext,
  fill: Fill,
): Promise<BackfillSummary> {
  using display = showProgress(log);
  return await runBackfill(session, fill, {
    openSession,
    settings: settings.backfill,
    signal,
    log: display.log,
    report: display.update,
  });
}
