import type { ClientConfig } from 'pg';
import { changedColumnsOf } from '../change/changed-column.ts';
import type { ColumnChange } from '../change/column-change.ts';
import { emitTo } from '../change/emitter.ts';
import type { OnlineMigrationListener } from '../change/events.ts';
import { clientConfigOf } from '../postgres/client-config.ts';
import { keepsSessions, SessionsNotKeptError } from '../postgres/session-continuity.ts';
import { Session } from '../postgres/session.ts';
import { phaseOrderObstacles, recordPhase, removePhase } from '../state/phase-ledger.ts';
import { acquireMigratorLock } from '../state/migrator-lock.ts';
import type { PhaseName } from '../change/phase-name.ts';
import { phaseOf } from './phases.ts';
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
  options: RunPhaseOptions,
): Promise<void> {
  await using runner = await openRunner(options);
  await runner.run(change, name, direction);
}

/** Runs phases on one session, which holds the migrator's lock until it is disposed of. */
export interface PhaseRunner extends AsyncDisposable {
  readonly session: Session;
  run(change: ColumnChange, name: PhaseName, direction: 'up' | 'down'): Promise<void>;
}

/** Opens the session of {@link runPhase}, and waits for the migrator's lock. */
export async function openRunner({
  connection,
  settings = {},
  onEvent = () => undefined,
  signal = new AbortController().signal,
}: RunPhaseOptions): Promise<PhaseRunner> {
  const client = clientConfigOf(connection);
  if (!(await keepsSessions(client, signal))) throw new SessionsNotKeptError();
  const emit = emitTo(onEvent);
  const interrupt = { signal, emit };
  const session = await Session.open(client, 'online-migration', interrupt);
  try {
    await acquireMigratorLock(session, emit, signal);
  } catch (error) {
    await session[Symbol.asyncDispose]();
    throw error;
  }
  return {
    session,
    async run(change, name, direction) {
      await session.setApplicationName(`online-migration ${name} ${direction}`);
      const columns = changedColumnsOf(change);
      const record = direction === 'up' ? recordPhase : removePhase;
      await phaseOf(change, name)[direction]({
        change,
        columns,
        session,
        openSession: () => Session.open(client, 'online-migration worker', interrupt),
        emit,
        signal: AbortSignal.any([signal, session.lost]),
        settings: settingsOf(settings),
        ledger: 'online-migration',
        orderObstacles: () => phaseOrderObstacles(session, change, name, direction),
        recordInLedger: () => record(session, change, name),
      });
    },
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  };
}
