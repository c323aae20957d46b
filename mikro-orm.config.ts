import { readConfig } from './src/config.ts';
import { resolveDatabase } from './src/database/resolve-database.ts';
import { features } from './src/features.ts';
import { backfillSettings } from './src/orm/backfill-settings.ts';
import { migratorOptions } from './src/orm/migrator-options.ts';

/** The configuration of `npx mikro-orm`. */
export default async function commandLineOptions() {
  const config = readConfig();
  const database = await resolveDatabase(config);
  process.stderr.write(`${database.description}\n`);
  const entities = features.flatMap(({ migratedEntities }) => migratedEntities);
  return migratorOptions(database.url, entities, { ...config, backfill: backfillSettings(config) });
}
