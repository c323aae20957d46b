import { join } from 'node:path';
import { defineConfig, type Options } from '@mikro-orm/postgresql';
import {
  onlineMigrations,
  type OnlineMigrationsOptions,
} from '../../../src/online-migration/mikro-orm/online-migrations.ts';

/**
 * Options of a MikroORM project that changes `event.at`, one migration a phase.
 * @param url the database
 * @param options settings that differ from the defaults, and who receives the events
 */
export function eventProjectOptions(
  url: string,
  options: Pick<OnlineMigrationsOptions, 'settings' | 'onEvent'> = {},
): Options {
  const { discovery, ...online } = onlineMigrations({
    ...options,
    migrations: { path: join(import.meta.dirname, 'migrations'), glob: '[0-9]*.ts' },
  });
  return defineConfig({
    clientUrl: url,
    entities: [],
    ensureDatabase: false,
    driverOptions: { connectionString: url },
    ...online,
    discovery: { ...discovery, warnWhenNoEntities: false },
  });
}
