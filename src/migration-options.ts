import type { Options } from '@mikro-orm/postgresql';
import type { OnlineMigrationListener } from 'online-migration';
import { readConfig } from './config.ts';
import { resolveDatabase } from './database/resolve-database.ts';
import { features } from './features.ts';
import { migrationSettings } from './orm/migration-settings.ts';
import { migratorOptions } from './orm/migrator-options.ts';

/**
 * MikroORM's options for the commands of this project. It prints the database, without the password.
 * @param onEvent receives every event of the phases
 */
export async function migrationOptions(onEvent?: OnlineMigrationListener): Promise<Options> {
  const config = readConfig();
  const database = await resolveDatabase(config);
  process.stderr.write(`${database.description}\n`);
  const entities = features.flatMap((feature) => feature.entities);
  return migratorOptions(database.url, entities, {
    settings: migrationSettings(config),
    ...(onEvent && { onEvent }),
  });
}
