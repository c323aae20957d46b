import type { OnlineMigrationConfig } from 'online-migration';
import { columnChanges } from './src/column-changes.ts';
import { readConfig } from './src/config.ts';
import { resolveDatabase } from './src/database/resolve-database.ts';
import { migrationSettings } from './src/orm/migration-settings.ts';
import commandLineOptions from './mikro-orm.config.ts';

const config = readConfig();

/** The configuration of `npx online-migration`. */
export default {
  changes: columnChanges,
  connection: async () => (await resolveDatabase(config)).url,
  settings: migrationSettings(config),
  mikroOrm: commandLineOptions,
} satisfies OnlineMigrationConfig;
