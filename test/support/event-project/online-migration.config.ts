import type { OnlineMigrationConfig } from '../../../src/online-migration/cli/project/config-file.ts';
import { eventChange } from '../event-change.ts';
import { backfillSettings, databaseUrl } from './environment.ts';
import mikroOrm from './mikro-orm.config.ts';

export default {
  changes: [eventChange],
  connection: databaseUrl(),
  settings: { backfill: backfillSettings() },
  mikroOrm,
} satisfies OnlineMigrationConfig;
