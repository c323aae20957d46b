import type { MethodName } from './methods.ts';
import type { BenchOptions } from './run-bench.ts';

/** Seconds for a million rows on two cores, roughly: for the estimate only. */
const METHOD_SECONDS: Readonly<Record<MethodName, number>> = {
  'in-limit': 7,
  'whole-table': 4,
  'ranges-1000': 60,
  'ranges-10000': 5,
  'alter-type': 2,
  'engine-1': 4,
  'engine-2': 3,
};
/** Beside a load, everything takes longer. */
const LOAD_FACTOR = 1.5;
/** The copy, the look at every row, and the load alone; then what there is at any size, such as the API's start. */
const RUN_SECONDS = 2;
const RUN_START_SECONDS = 5;
const LOAD_START_SECONDS = 11;
/** All migrations, once. */
const MIGRATION_SECONDS = 8;
const MIGRATION_START_SECONDS = 4;
const SEED_SECONDS = 5;

/** How long a bench will take, in seconds, roughly. */
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
