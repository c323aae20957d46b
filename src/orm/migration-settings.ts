import type { SettingsOptions } from 'online-migration';
import type { Config } from '../config.ts';

/** The settings of the package by the environment: for the migrating process and for worker processes alike. */
export function migrationSettings(config: Config): SettingsOptions {
  return {
    lockTimeoutMs: config.lockTimeoutMs,
    lockBudgetMs: config.lockBudgetMs,
    switchoverWaitMs: config.switchoverWaitMs,
    backfill: {
      batchMs: config.backfillBatchMs,
      workers: config.backfillWorkers,
      throttle: { apiLatencyUrl: config.backfillLatencyUrl ?? null },
    },
  };
}
