import { join } from 'node:path';
import { defineConfig, type Options } from '@mikro-orm/postgresql';
import { OnlineMigrator, type OnlineMigratorOptions } from '../online-migration/mikro-orm/online-migrator.ts';
import { renamedMapping } from './mappings.ts';
import { ormOptions } from './orm.ts';

/**
 * MikroORM's options for whoever runs the migrations.
 * @param url where the database is: `postgres://…`
 * @param settings how patient the moves are, where it is to differ from the defaults, and who receives their events
 */
export function migratorOptions(url: string, settings?: OnlineMigratorOptions): Options {
  return defineConfig({
    // The mapping that fits when all migrations have run: `migration:check` compares the database with it.
    ...ormOptions(url, [renamedMapping]),
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
