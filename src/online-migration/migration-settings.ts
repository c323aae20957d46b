/** How patient the moves are; all in milliseconds. */
export interface MigrationSettings {
  /** Longest wait for a strong lock in one try: every later reader waits behind it. */
  readonly lockTimeoutMs: number;
  /** Longest time over all tries for a strong lock. */
  readonly lockBudgetMs: number;
  /** How long contract waits for processes that still use the old column. */
  readonly switchoverWaitMs: number;
}

/** What a production table allows: readers stall 100 ms at most; locks are asked for over two minutes. */
export const DEFAULT_SETTINGS: MigrationSettings = {
  lockTimeoutMs: 100,
  lockBudgetMs: 120_000,
  switchoverWaitMs: 30_000,
};
