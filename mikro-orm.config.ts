import { readConfig } from './src/config.ts';
import { resolveDatabase } from './src/database/resolve-database.ts';
import { migratorOptions } from './src/large-record/migrator-options.ts';
import { DEFAULT_THROTTLE_LIMITS } from './src/online-migration/backfill/throttles.ts';

/** The configuration of `npx mikro-orm`. */
export default async function commandLineOptions() {
  const config = readConfig();
  const database = await resolveDatabase(config);
  process.stderr.write(`${database.description}\n`);
  return migratorOptions(database.url, {
    ...config,
    backfill: {
      batchMs: config.backfillBatchMs,
      workers: config.backfillWorkers,
      throttle: { ...DEFAULT_THROTTLE_LIMITS, apiLatencyUrl: config.backfillLatencyUrl ?? null },
    },
  });
}
