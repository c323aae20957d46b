import type { Migration } from '@mikro-orm/migrations';
import type { Emit } from '../change/events.ts';
import type { MigrationSettings } from '../phases/settings.ts';
import type { Session } from '../postgres/session.ts';

/** MikroORM's `onCreateConnection`, which prepares a new connection: `set role`, `set search_path`. */
export type PrepareConnection = (connection: unknown) => Promise<void>;

/** How ordinary migrations run. */
export type OrdinaryMode =
  /** By safe steps. */
  | 'safe'
  /** As they are written, with a lock timeout. A statement that needs other steps is refused. */
  | 'check'
  /** As MikroORM runs them. */
  | 'off';

/** Inputs that the migrator gives to its runner for one command. */
export interface RunnerResources {
  /** Runs the phases, and holds the migrator's lock. */
  readonly session: Session;
  /** Opens another session, for parallel work. */
  readonly openSession: () => Promise<Session>;
  /** Prepares the sessions of ordinary migrations, as MikroORM prepares its own. */
  readonly prepare?: PrepareConnection | undefined;
  readonly settings: MigrationSettings;
  readonly emit: Emit;
  readonly signal: AbortSignal;
  /** The name of the migration that runs, as in the ledger. */
  readonly nameOf: (migration: Migration) => string;
  readonly ordinary: OrdinaryMode;
}
