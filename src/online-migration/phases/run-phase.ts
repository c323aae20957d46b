import type { ClientConfig } from 'pg';
import { changedColumnOf } from '../change/changed-column.ts';
import type { ColumnChange } from '../change/column-change.ts';
import { emitTo } from '../change/emitter.ts';
import type { OnlineMigrationListener } from '../change/events.ts';
import { clientConfigOf } from '../postgres/client-config.ts';
import { keepsSessions, SessionsNotKeptError } from '../postgres/session-continuity.ts';
import { Session } from '../postgres/session.ts';
import { recordPhase, removePhase } from '../state/phase-ledger.ts';
import { acquireMigratorLock } from '../state/migrator-lock.ts';
import type { PhaseName } from '../change/phase-name.ts';
import { phases } from './phases.ts';
import { settingsOf, type SettingsOptions } from './settings.ts';

/** Options of {@link runPhase}. */
export interface RunPhaseOptions {
  /** The database: a URL, or an object that `pg` accepts. Not a pooler in transaction mode. */
  readonly connection: string | ClientConfig;
  /** Lock timeouts and backfill settings that differ from the defaults. */
  readonly settings?: SettingsOptions;
  /** Receives each event while the phase runs. If it throws, the phase continues. */
  readonly onEvent?: OnlineMigrationListener;
  /** Ends the phase between two of its transactions, and cancels statements that read a whole table. */
  readonly signal?: AbortSignal;
}

/**
 * Runs one phase of a change without MikroORM.
 *
 * 1. Open one session for the phase's statements, with the lock that excludes a second runner.
 * 2. Run the phase, up or down. An interrupted phase continues.
 * 3. In its last transaction, write the ledger of the package (`online_migration.phase`).
 *
 * @param change the change
 * @param name the phase
 * @param direction `up`, or `down` to revert it
 * @throws OnlineMigrationError with a code if the phase is refused or fails. Running it again continues, and reverting
 *   it removes all that it has made. Also throws the signal's reason, and errors of the database
 */
export async function runPhase(
  change: ColumnChange,
  name: PhaseName,
  direction: 'up' | 'down',
  { connection, settings = {}, onEvent = () => undefined, signal }: RunPhaseOptions,
): Promise<void> {
  const client = clientConfigOf(connection);
  if (!(await keepsSessions(client))) throw new SessionsNotKeptError();
  const emit = emitTo(onEvent);
  const interrupt = { signal: signal ?? new AbortController().signal, emit };
  await using session = await Session.open(client, `online-migration ${name} ${direction}`, interrupt);
  await acquireMigratorLock(session, emit, interrupt.signal);
  const column = changedColumnOf(change);
  const record = direction === 'up' ? recordPhase : removePhase;
  await phases[name][direction]({
    change: column,
    session,
    openSession: () => Session.open(client, 'online-migration worker', interrupt),
    emit,
    signal: AbortSignal.any([interrupt.signal, session.lost]),
    settings: settingsOf(settings),
    ledger: 'online-migration',
    recordInLedger: () => record(session, column, name),
  });
}
