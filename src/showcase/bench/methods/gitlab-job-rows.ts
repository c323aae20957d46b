/** Rows of the first jobs: `batch_size` of `backfill_conversion_of_integer_to_bigint` in GitLab's migration_helpers.rb. */
export const FIRST_JOB_ROWS = 20_000;
/** `interval` of the same method. */
export const JOB_INTERVAL_SECONDS = 120;

const LEAST_ROWS = 1_000;
const MOST_ROWS = 2_000_000;
/** The last jobs that count, with exponentially smaller weights. */
const COUNTED_JOBS = 20;
const SMOOTHING = 0.4;
const WANTED = { least: 0.9, most: 0.95 } as const;
const GREATEST_FACTOR = 1.2;

/**
 * The number of rows of GitLab's next job. Fewer than 20 jobs, or jobs within the wanted range, change nothing.
 *
 * Source: gitlabhq/gitlabhq, lib/gitlab/database/background_migration/batch_optimizer.rb (commit 072dbf4) and
 * `smoothed_time_efficiency` of batched_migration.rb (e8d2c25).
 *
 * @param rows of the last job
 * @param efficiencies duration of each job so far, as a share of the interval between jobs
 */
export function nextJobRows(rows: number, efficiencies: readonly number[]): number {
  if (efficiencies.length < COUNTED_JOBS) return rows;
  const efficiency = smoothed(efficiencies.slice(-COUNTED_JOBS).toReversed());
  if (efficiency === 0 || (efficiency >= WANTED.least && efficiency <= WANTED.most)) return rows;
  const wanted = Math.trunc(rows * Math.min(WANTED.most / efficiency, GREATEST_FACTOR));
  return Math.min(Math.max(wanted, LEAST_ROWS), MOST_ROWS);
}

/** The weighted mean with two decimals; the first value has the greatest weight. */
function smoothed(values: readonly number[]): number {
  const weights = values.map((_, index) => (1 - SMOOTHING) ** index);
  const sum = values.reduce((total, value, index) => total + value * weights[index]!, 0);
  const mean = sum / weights.reduce((total, weight) => total + weight, 0);
  return Math.round(mean * 100) / 100;
}
