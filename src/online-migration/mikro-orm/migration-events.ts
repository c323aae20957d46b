import type { MigrationInfo } from '@mikro-orm/core';
import type { Migrator } from '@mikro-orm/migrations';
import type { Emit } from '../change/events.ts';

/** Emits an event when a migration begins and when it has ended, until it is disposed of. */
export function reportMigrations(migrator: Migrator, direction: 'up' | 'down', emit: Emit): Disposable {
  const [before, after] =
    direction === 'up' ? (['migrating', 'migrated'] as const) : (['reverting', 'reverted'] as const);
  let began = 0;
  const started = ({ name: migration }: MigrationInfo) => {
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
  return { [Symbol.dispose]: () => void migrator.off(before, started).off(after, finished) };
}
