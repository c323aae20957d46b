import { join } from 'node:path';
import { defineConfig, type EntitySchema, type Options } from '@mikro-orm/postgresql';
import { OnlineMigrator, type OnlineMigratorOptions } from '../online-migration/mikro-orm/online-migrator.ts';
import { ormOptions } from './open-orm.ts';

/**
 * MikroORM's options for whoever runs the migrations.
 *
 * @param url where the database is: `postgres://…`
 * @param entities the mappings that fit when all migrations have run: `migration:check` compares the database with them
 * @param settings how patient the moves are, where it is to differ from the defaults, and who receives their events
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
      // A snapshot file would be compared in place of the database itself.
      snapshot: false,
    },
  });
}
