import { readConfig } from './src/config.ts';
import { resolveDatabase } from './src/database/resolve-database.ts';
import { features } from './src/features.ts';
import { migrationSettings } from './src/orm/migration-settings.ts';
import { migratorOptions } from './src/orm/migrator-options.ts';

/** The configuration of `npx mikro-orm`. */
export default async function commandLineOptions() {
  const config = readConfig();
  const database = await resolveDatabase(config);
  process.stderr.write(`${database.description}\n`);
  const entities = features.flatMap((feature) => feature.entities);
  return migratorOptions(database.url, entities, { settings: migrationSettings(config) });
}
