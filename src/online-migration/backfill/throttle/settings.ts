import { DEFAULT_THROTTLE_LIMITS, type ThrottleLimits } from './throttles.ts';

/** How a backfill works; what `npx online-migration backfill set` changes while it runs counts more. */
export interface BackfillSettings {
  /** How long a batch is to last, in milliseconds. */
  readonly batchMs: number;
  /** How many batches at once in the migrating process; 0: its ranges go to worker processes, on any machine. */
  readonly workers: number;
  /** From when on it waits for the application. */
  readonly throttle: ThrottleLimits;
}

export const DEFAULT_BACKFILL_SETTINGS: BackfillSettings = {
  batchMs: 100,
  workers: 1,
  throttle: DEFAULT_THROTTLE_LIMITS,
};
