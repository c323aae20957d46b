import { join } from 'node:path';
import { defineConfig, type EntitySchema, type Options } from '@mikro-orm/postgresql';
import { OnlineMigrator, type OnlineMigratorOptions } from '../online-migration/mikro-orm/online-migrator.ts';
import { ormOptions } from './open-orm.ts';

/**
 * MikroORM's options for running migrations.
 *
 * @param url of the database: `postgres://…`
 * @param entities the mappings after all migrations; `migration:check` compares the database with them
 * @param settings lock timeouts and event listeners of the phases, if they differ from the defaults
 */
export function migratorOptions(
  url: string,
  entities: readonly EntitySchema[],
  settings?: OnlineMigratorOptions,
): Options {
  return defineConfig({
    ...ormOptions(url, entities),
    extensions: [OnlineMigrator.with(settings)],
    migrations: {
      path: join(import.meta.dirname, '../../migrations'),
      glob: '[0-9]*.ts',
      // One transaction around all migrations would hold every lock until the last one ends.
      allOrNothing: false,
      // With a snapshot file, MikroORM would not compare the entities with the database itself.
      snapshot: false,
    },
  });
}
