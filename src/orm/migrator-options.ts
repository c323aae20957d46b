import { join } from 'node:path';
import { defineConfig, type Options } from '@mikro-orm/postgresql';
import { onlineMigrations, type OnlineMigrationsOptions } from 'online-migration/mikro-orm';
import { ormOptions } from './orm-options.ts';

/**
 * MikroORM's options for running migrations.
 *
 * @param url of the database: `postgres://…`
 * @param entities of all features; `migration:check` compares the database with them
 * @param options.settings lock timeouts and settings of the backfill that differ from the defaults
 * @param options.onEvent receives every event of the phases
 */
export function migratorOptions(
  url: string,
  entities: NonNullable<Options['entities']>,
  options: Pick<OnlineMigrationsOptions, 'settings' | 'onEvent'> = {},
): Options {
  const migrations = { path: join(import.meta.dirname, '../../migrations') };
  return defineConfig({ ...ormOptions(url, entities), ...onlineMigrations({ migrations, ...options }) });
}
