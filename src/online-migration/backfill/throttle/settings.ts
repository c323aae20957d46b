import { DEFAULT_THROTTLE_LIMITS, type ThrottleLimits } from './throttles.ts';

/** Settings of a backfill. Values set with `npx online-migration backfill set` take precedence. */
export interface BackfillSettings {
  /** Target duration of a batch, in milliseconds. */
  readonly batchMs: number;
  /** Number of workers in the migrating process; 0 hands the ranges out to worker processes, on any machine. */
  readonly workers: number;
  /** Limits above which it waits for the application. */
  readonly throttle: ThrottleLimits;
}

export const DEFAULT_BACKFILL_SETTINGS: BackfillSettings = {
  batchMs: 75,
  workers: 1,
  throttle: DEFAULT_THROTTLE_LIMITS,
};
