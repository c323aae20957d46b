import type { MethodName } from './methods.ts';
import type { BenchOptions } from './run-bench.ts';

/** Approximate seconds per million rows on two cores, for the estimate only. */
const METHOD_SECONDS: Readonly<Record<MethodName, number>> = {
  'in-limit': 7,
  'whole-table': 4,
  'ranges-1000': 60,
  'ranges-10000': 5,
  'alter-type': 2,
  'engine-1': 4,
  'engine-2': 3,
};
/** Under load, everything takes longer. */
const LOAD_FACTOR = 1.5;
/**
 * The copy, the check of every row and the load alone; plus costs that do not depend on size, such as the API's start.
 */
const RUN_SECONDS = 2;
const RUN_START_SECONDS = 5;
const LOAD_START_SECONDS = 11;
/** All migrations, once. */
const MIGRATION_SECONDS = 8;
const MIGRATION_START_SECONDS = 4;
const SEED_SECONDS = 5;

/** Estimates the duration of a benchmark, in seconds. */
export function estimateSeconds({ rows, methods, repetitions }: Omit<BenchOptions, 'seed'>): number {
  const millions = rows / 1_000_000;
  const runs = methods.map(({ name }) => {
    const work = METHOD_SECONDS[name] * millions;
    const around = RUN_START_SECONDS + RUN_SECONDS * millions;
    return work * (1 + LOAD_FACTOR) + 2 * around + LOAD_START_SECONDS;
  });
  const locks = repetitions * (MIGRATION_SECONDS * millions + 2 * MIGRATION_START_SECONDS);
  return (
    runs.reduce((sum, seconds) => sum + seconds, SEED_SECONDS * millions + 2 * LOAD_START_SECONDS) + locks
  );
}
