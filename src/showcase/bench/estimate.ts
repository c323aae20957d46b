import type { MethodName, Variant } from './methods/method.ts';
import { planRuns } from './plan.ts';
import type { BenchOptions } from './run-bench.ts';

/** Approximate seconds per million rows on two cores, for the estimate only. */
const METHOD_SECONDS: Readonly<Record<MethodName, Partial<Record<Variant, number>>>> = {
  'in-limit': { published: 13, kept: 12 },
  'ranges-10000': { published: 4, kept: 4 },
  'whole-table': { published: 4, kept: 4 },
  'alter-type': { published: 2 },
  pgroll: { kept: 12 },
  'online-migrations': { kept: 63 },
  gitlab: { kept: 105 },
  'engine-1': { kept: 5 },
  'engine-2': { kept: 3 },
};
/** pgroll's start, twice, with its other commands. */
const PGROLL_COMMAND_SECONDS = 40;
/** Under load, methods take longer, unless most of their time is pauses. */
const LOAD_FACTOR = 1.6;
/**
 * The copy, the check of every row and the load alone; plus costs that do not depend on size, such as the API's start.
 */
const RUN_SECONDS = 2;
const RUN_START_SECONDS = 3;
const LOAD_START_SECONDS = 11;
/** Seconds of the shortest load alone. */
const IDLE_SECONDS = 20;
/** All migrations, once. */
const MIGRATION_SECONDS = 8;
const MIGRATION_START_SECONDS = 4;
const SEED_SECONDS = 5;

/** Estimates the duration of a benchmark, in seconds. */
export function estimateSeconds({
  rows,
  methods,
  repetitions,
  isQuick,
  pgroll,
}: Omit<BenchOptions, 'seed'>): number {
  const millions = rows / 1_000_000;
  const runs = planRuns(rows, methods, isQuick).map((run) => {
    const share = run.rows / 1_000_000;
    const isPausing = run.method.rowsDivisor.loaded > 1;
    const work = METHOD_SECONDS[run.method.name][run.variant]! * share;
    return (
      work * (run.isLoaded && !isPausing ? LOAD_FACTOR : 1) +
      RUN_START_SECONDS +
      RUN_SECONDS * share +
      (run.isLoaded ? LOAD_START_SECONDS : 0)
    );
  });
  const locks = repetitions * (MIGRATION_SECONDS * millions + 2 * MIGRATION_START_SECONDS);
  const realPgroll = pgroll === undefined ? 0 : PGROLL_COMMAND_SECONDS * millions;
  const start = SEED_SECONDS * millions + 2 * LOAD_START_SECONDS + IDLE_SECONDS;
  return runs.reduce((sum, seconds) => sum + seconds, start + locks + realPgroll);
}
