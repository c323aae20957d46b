import type { LockSettings } from '../postgres/lock-retries.ts';
import { type BackfillSettings, DEFAULT_BACKFILL_SETTINGS } from '../backfill/throttle/settings.ts';

/** Timeouts of the phases, in milliseconds, and settings of the backfill. */
export interface MigrationSettings extends LockSettings {
  /** How long contract waits for processes that still use the old column. */
  readonly switchoverWaitMs: number;
  readonly backfill: BackfillSettings;
}

/** Defaults for a production table: readers stall at most 100 ms; locks are requested for over two minutes. */
export const DEFAULT_SETTINGS: MigrationSettings = {
  lockTimeoutMs: 100,
  lockBudgetMs: 120_000,
  switchoverWaitMs: 30_000,
  backfill: DEFAULT_BACKFILL_SETTINGS,
};

/** Settings that differ from the defaults. */
export interface SettingsOptions extends Partial<Omit<MigrationSettings, 'backfill'>> {
  readonly backfill?: Partial<Omit<BackfillSettings, 'throttle'>> & {
    readonly throttle?: Partial<BackfillSettings['throttle']>;
  };
}

/** The settings with the defaults of all that is left out. */
export function settingsOf({ backfill = {}, ...options }: SettingsOptions = {}): MigrationSettings {
  const { lockTimeoutMs, lockBudgetMs, switchoverWaitMs, backfill: defaults } = DEFAULT_SETTINGS;
  return {
    lockTimeoutMs: options.lockTimeoutMs ?? lockTimeoutMs,
    lockBudgetMs: options.lockBudgetMs ?? lockBudgetMs,
    switchoverWaitMs: options.switchoverWaitMs ?? switchoverWaitMs,
    backfill: {
      batchMs: backfill.batchMs ?? defaults.batchMs,
      workers: backfill.workers ?? defaults.workers,
      throttle: { ...defaults.throttle, ...backfill.throttle },
    },
  };
}
