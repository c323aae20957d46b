import type { Config } from '../config.ts';
import type { BackfillSettings } from '../online-migration/backfill/throttle/settings.ts';
import { DEFAULT_THROTTLE_LIMITS } from '../online-migration/backfill/throttle/throttles.ts';

/** The backfill's settings from the environment, for the migrating process and for worker processes. */
export function backfillSettings(config: Config): BackfillSettings {
  return {
    batchMs: config.backfillBatchMs,
    workers: config.backfillWorkers,
    throttle: { ...DEFAULT_THROTTLE_LIMITS, apiLatencyUrl: config.backfillLatencyUrl ?? null },
  };
}
