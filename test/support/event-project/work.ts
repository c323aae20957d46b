import { showProgress } from '../../../src/online-migration/backfill/progress-display.ts';
import { workerSessionName } from '../../../src/online-migration/backfill/plan/worker-name.ts';
import { workOnRanges } from '../../../src/online-migration/backfill/queue/worker-process.ts';
import { Session } from '../../../src/online-migration/postgres/session.ts';
import { runCommand } from '../../../src/command-line/run-command.ts';
import { eventColumn } from '../event-change.ts';
import { backfillSettings, databaseUrl } from './environment.ts';

// A worker process of the backfill. When it ends, it prints what it has done.

await runCommand(async (signal) => {
  using display = showProgress(console.log);
  const { rows, batches, longestBatchMs } = await workOnRanges(eventColumn, {
    openSession: () => Session.open({ connectionString: databaseUrl() }, workerSessionName()),
    settings: backfillSettings(),
    signal,
    log: display.log,
    report: display.update,
  });
  const figures = `${rows.toLocaleString('en-US')} rows in ${batches} batches`;
  display.log(`This process has filled ${figures}, the longest ${longestBatchMs.toFixed(0)} ms`);
  signal.throwIfAborted();
});
