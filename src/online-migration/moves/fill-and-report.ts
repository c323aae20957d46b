import type { Fill } from '../backfill/fill.ts';
import { reportProgress } from '../backfill/progress-line.ts';
import { runBackfill } from '../backfill/run-backfill.ts';
import { summaryLine } from '../backfill/summary-line.ts';
import { findRejects } from '../rejects.ts';
import type { MoveContext } from './move.ts';

/** Runs a backfill to its end, with a line of progress every second and a closing line. */
export async function fillAndReport(context: MoveContext, fill: Fill): Promise<void> {
  const { session, change, openSession, settings, signal, log } = context;
  const run = async () => {
    using progress = reportProgress(log);
    return await runBackfill(session, fill, {
      openSession,
      settings: settings.backfill,
      signal,
      log,
      report: progress.update,
    });
  };
  const summary = await run();
  const { total: rejects } =
    fill.direction === 'forward' ? await findRejects(session, change, 0) : { total: 0 };
  log(summaryLine(summary, rejects));
}
