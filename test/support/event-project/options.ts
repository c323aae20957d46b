import { join } from 'node:path';
import { defineConfig, type Options } from '@mikro-orm/postgresql';
import {
  OnlineMigrator,
  type OnlineMigratorOptions,
} from '../../../src/online-migration/mikro-orm/online-migrator.ts';

/**
 * Options of a MikroORM project that changes `event.at`, one migration a phase.
 * @param url the database
 * @param settings what differs from the defaults
 */
export function eventProjectOptions(url: string, settings: OnlineMigratorOptions = {}): Options {
  return defineConfig({
    clientUrl: url,
    entities: [],
    discovery: { warnWhenNoEntities: false },
    ensureDatabase: false,
    driverOptions: { connectionString: url },
    extensions: [OnlineMigrator.with(settings)],
    migrations: {
      path: join(import.meta.dirname, 'migrations'),
      glob: '[0-9]*.ts',
      allOrNothing: false,
      snapshot: false,
    },
  });
}
