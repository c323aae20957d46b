import { join } from 'node:path';
import { defineEntity, p } from '@mikro-orm/core';
import { defineConfig, type Options } from '@mikro-orm/postgresql';
import { TypedColumn } from '../../../src/online-migration/mikro-orm/typed-column.ts';
import {
  onlineMigrations,
  type OnlineMigrationsOptions,
} from '../../../src/online-migration/mikro-orm/online-migrations.ts';

/** The table at the end of its change. */
const event = defineEntity({
  name: 'Event',
  tableName: 'event',
  properties: {
    id: p.bigint().primary().generated('identity'),
    name: p.string().length(100),
    at: p.type(new TypedColumn('timestamptz')),
  },
});

/**
 * Options of a MikroORM project that changes `event.at`, one migration a phase.
 * @param url the database
 * @param options settings that differ from the defaults, and who receives the events
 */
export function eventProjectOptions(
  url: string,
  options: Pick<OnlineMigrationsOptions, 'settings' | 'onEvent'> = {},
): Options {
  const online = onlineMigrations({
    ...options,
    migrations: { path: join(import.meta.dirname, 'migrations'), glob: '[0-9]*.ts' },
  });
  return defineConfig({
    clientUrl: url,
    entities: [event],
    ensureDatabase: false,
    driverOptions: { connectionString: url },
    ...online,
  });
}
