import type { Emit } from '../change/events.ts';
import type { MigrationSettings } from '../phases/settings.ts';
import type { Session } from '../postgres/session.ts';

/** Inputs that the migrator gives to its runner for one command. */
export interface RunnerResources {
  /** Runs the phases, and holds the migrator's lock. */
  readonly session: Session;
  /** Opens another session, for parallel work. */
  readonly openSession: () => Promise<Session>;
  readonly settings: MigrationSettings;
  readonly emit: Emit;
  readonly signal: AbortSignal;
  /** Whether ordinary migrations are carried out by safe steps, or as they are written. */
  readonly ordinary: 'safe' | 'off';
}
