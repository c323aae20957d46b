import type { MigrationInfo } from '@mikro-orm/core';
import type { Migrator } from '@mikro-orm/migrations';
import type { Emit } from '../change/events.ts';

/** The events of migrations. */
export interface MigrationReport extends Disposable {
  /** The name of the migration that runs, as in the ledger; undefined before the first one. */
  readonly current: () => string | undefined;
}

/** Emits an event when a migration begins and when it has ended, until it is disposed of. */
export function reportMigrations(migrator: Migrator, direction: 'up' | 'down', emit: Emit): MigrationReport {
  const [before, after] =
    direction === 'up' ? (['migrating', 'migrated'] as const) : (['reverting', 'reverted'] as const);
  let began = 0;
  let current: string | undefined;
  const started = ({ name: migration }: MigrationInfo) => {
    current = migration;
    began = performance.now();
    emit({ type: 'migration-started', migration, direction, message: `${migration}: ${direction}` });
  };
  const finished = ({ name: migration }: MigrationInfo) => {
    const milliseconds = performance.now() - began;
    emit({
      type: 'migration-finished',
      migration,
      direction,
      milliseconds,
      message: `${migration}: ${after} in ${(milliseconds / 1000).toFixed(1)} s`,
    });
  };
  migrator.on(before, started).on(after, finished);
  return {
    current: () => current,
    [Symbol.dispose]: () => void migrator.off(before, started).off(after, finished),
  };
}
