import { readConfig } from './src/config.ts';
import { resolveDatabase } from './src/database/resolve-database.ts';
import { backfillSettings } from './src/orm/backfill-settings.ts';
import { migratorOptions } from './src/orm/migrator-options.ts';

/** The configuration of `npx mikro-orm`. */
export default async function commandLineOptions() {
  const config = readConfig();
  const database = await resolveDatabase(config);
  process.stderr.write(`${database.description}\n`);
  return migratorOptions(database.url, { ...config, backfill: backfillSettings(config) });
}
