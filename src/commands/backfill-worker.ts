import type { Config } from '../config.ts';
import { backfillSettings } from '../orm/backfill-settings.ts';
import type { ChangedColumn } from '../online-migration/change/changed-column.ts';
import { showProgress } from '../online-migration/backfill/progress-display.ts';
import { workOnRanges, type WorkSummary } from '../online-migration/backfill/queue/worker-process.ts';
import { workerSessionName } from '../online-migration/backfill/plan/worker-name.ts';
import { Session } from '../online-migration/postgres/session.ts';

/**
 * Fills ranges of a backfill that hands them out, shows how far it is, and says in a closing line what it has done.
 * @param url where the database is: `postgres://…`
 * @param signal ends it after the batch that is under way
 * @throws the signal's reason, where that has ended it
 */
export async function workForBackfill(
  url: string,
  change: ChangedColumn,
  config: Config,
  signal: AbortSignal,
): Promise<void> {
  const summary = await workWithProgress(url, change, config, signal);
  console.log(closingLine(summary));
  signal.throwIfAborted();
}

async function workWithProgress(
  url: string,
  change: ChangedColumn,
  config: Config,
  signal: AbortSignal,
): Promise<WorkSummary> {
  using display = showProgress(print);
  return await workOnRanges(change, {
    openSession: () => Session.open({ connectionString: url }, workerSessionName()),
    settings: backfillSettings(config),
    signal,
    log: display.log,
    report: display.update,
  });
}

function print(line: string): void {
  console.log(line);
}

function closingLine({ rows, batches, longestBatchMs }: WorkSummary): string {
  return (
    `backfill: this process has filled ${rows.toLocaleString('en-US')} rows in ` +
    `${batches.toLocaleString('en-US')} batches, the longest ${longestBatchMs.toFixed(0)} ms`
  );
}
