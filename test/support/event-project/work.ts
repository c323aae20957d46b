import { workerSessionName } from '../../../src/online-migration/backfill/plan/worker-name.ts';
import { workOnRanges } from '../../../src/online-migration/backfill/queue/worker-process.ts';
import { emitTo } from '../../../src/online-migration/change/emitter.ts';
import { logEvents } from '../../../src/online-migration/observation/event-log.ts';
import { Session } from '../../../src/online-migration/postgres/session.ts';
import { runCommand } from '../../../src/command-line/run-command.ts';
import { eventColumn } from '../event-change.ts';
import { backfillSettings, databaseUrl } from './environment.ts';

// A worker process of the backfill. When it ends, it prints what it has done.

await runCommand(async (signal) => {
  using eventLog = logEvents((line) => console.log(line));
  await workOnRanges(eventColumn, {
    openSession: () => Session.open({ connectionString: databaseUrl() }, workerSessionName()),
    settings: backfillSettings(),
    signal,
    emit: emitTo(eventLog.listen),
  });
  signal.throwIfAborted();
});
