import {
  type BackfillSettings,
  DEFAULT_BACKFILL_SETTINGS,
} from '../../../src/online-migration/backfill/throttle/settings.ts';

/**
 * The database of a process of the project.
 * @throws Error if DATABASE_URL is not set
 */
export function databaseUrl(): string {
  const url = process.env['DATABASE_URL'];
  if (!url) throw new Error('DATABASE_URL is not set: start this process through event-project/commands.ts.');
  return url;
}

/** The settings of the backfill that BACKFILL_WORKERS and BACKFILL_LATENCY_URL give. */
export function backfillSettings(): BackfillSettings {
  const { workers, throttle } = DEFAULT_BACKFILL_SETTINGS;
  return {
    ...DEFAULT_BACKFILL_SETTINGS,
    workers: Number(process.env['BACKFILL_WORKERS'] ?? workers),
    throttle: { ...throttle, apiLatencyUrl: process.env['BACKFILL_LATENCY_URL'] ?? null },
  };
}
