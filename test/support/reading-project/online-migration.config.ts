import type { OnlineMigrationConfig } from '../../../src/online-migration/index.ts';
import { raisingNumeric, readingChange } from '../reading-change.ts';

/** The project without MikroORM whose change has three columns. */
const config: OnlineMigrationConfig = {
  changes: [readingChange({ weight: raisingNumeric })],
  connection: () => process.env['DATABASE_URL'] ?? '',
  settings: { backfill: { workers: Number(process.env['BACKFILL_WORKERS'] ?? 1) } },
};

export default config;
