import type { Config } from '../config.ts';
import { backfillSettings } from '../large-record/backfill-settings.ts';
import type { ChangedColumn } from '../online-migration/change/changed-column.ts';
import { emitTo } from '../online-migration/change/emitter.ts';
import { logEvents } from '../online-migration/observation/event-log.ts';
import { workOnRanges } from '../online-migration/backfill/queue/worker-process.ts';
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
  using eventLog = logEvents((line) => console.log(line));
  await workOnRanges(change, {
    openSession: () => Session.open({ connectionString: url }, workerSessionName()),
    settings: backfillSettings(config),
    signal,
    emit: emitTo(eventLog.listen),
  });
  signal.throwIfAborted();
}
