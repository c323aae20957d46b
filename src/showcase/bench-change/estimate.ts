import type { BenchChangeOptions } from './run-bench-change.ts';

/** Approximate seconds per million rows on two cores: there and back, with one worker and with more. */
const CHANGE_SECONDS = { oneWorker: 12.4, moreWorkers: 8.4 };
/** The same for the copy of the template and both hashes. */
const COPY_SECONDS = 1;
const SEED_SECONDS = 1;
/** The ten processes of a run, and costs of its phases that do not depend on the size. */
const RUN_START_SECONDS = 6.5;
const SERVER_START_SECONDS = 3;

/** Estimates the duration of the benchmark, in seconds. */
export function estimateChangeSeconds({ rows, workers }: BenchChangeOptions): number {
  const millions = rows.reduce((sum, size) => sum + size, 0) / 1_000_000;
  const secondsPerMillion = workers
    .map((count) => COPY_SECONDS + (count === 1 ? CHANGE_SECONDS.oneWorker : CHANGE_SECONDS.moreWorkers))
    .reduce((sum, seconds) => sum + seconds, SEED_SECONDS);
  return (
    SERVER_START_SECONDS + rows.length * workers.length * RUN_START_SECONDS + millions * secondsPerMillion
  );
}
