import { idleMilliseconds } from './idle.ts';
import type { MethodName, Variant } from './methods/method.ts';
import { planRuns } from './plan.ts';
import type { BenchOptions } from './run-bench.ts';

/*
 * All figures are approximate, were measured on two cores, and are for the estimate only.
 */

/** Seconds per million rows without a load. */
const METHOD_SECONDS: Readonly<Record<MethodName, Partial<Record<Variant, number>>>> = {
  'in-limit': { published: 6, kept: 6 },
  'ranges-10000': { published: 3.5, kept: 3.5 },
  'whole-table': { published: 3.6, kept: 3.6 },
  'alter-type': { published: 1.2 },
  pgroll: { kept: 11.2 },
  'online-migrations': { kept: 59 },
  gitlab: { kept: 105 },
  'engine-1': { kept: 4.4 },
  'engine-2': { kept: 2.8 },
};
/** How many times as long a method takes beside the API. The others take about as long. */
const LOAD_FACTORS: Partial<Record<MethodName, number>> = {
  'in-limit': 1.2,
  'ranges-10000': 1.3,
  pgroll: 1.2,
  'engine-1': 3.6,
  'engine-2': 3,
};
/** pgroll's commands on two copies, per million rows. */
const PGROLL_COMMAND_SECONDS = 31;
/** The copy and the check of every row, per million rows; and the start of a run. */
const COPY_SECONDS = 0.5;
const RUN_START_SECONDS = 1.2;
/** The API's start and the load's first requests. */
const LOAD_START_SECONDS = 4;
const CAPACITY_SECONDS = 7;
/** All migrations, once, per million rows; and their start. */
const MIGRATION_SECONDS = 4.8;
const MIGRATION_START_SECONDS = 2.5;
const SEED_SECONDS = 1;

/** Estimates the duration of a benchmark, in seconds. */
export function estimateSeconds({
  rows,
  methods,
  repetitions,
  isQuick,
  pgroll,
}: Omit<BenchOptions, 'seed'>): number {
  const millions = rows / 1_000_000;
  const runs = planRuns(rows, methods, isQuick).map(({ method: { name }, variant, rows: some, isLoaded }) => {
    const factor = isLoaded ? (LOAD_FACTORS[name] ?? 1) : 1;
    const work = (METHOD_SECONDS[name][variant]! * factor + COPY_SECONDS) * (some / 1_000_000);
    return RUN_START_SECONDS + work + (isLoaded ? LOAD_START_SECONDS : 0);
  });
  const locks = repetitions * (MIGRATION_SECONDS * millions + 2 * MIGRATION_START_SECONDS);
  const realPgroll = pgroll === undefined ? 0 : PGROLL_COMMAND_SECONDS * millions;
  // The capacity, and the load alone.
  const api =
    CAPACITY_SECONDS + idleMilliseconds(rows) / 1000 + 2 * (LOAD_START_SECONDS + COPY_SECONDS * millions);
  return runs.reduce((sum, seconds) => sum + seconds, SEED_SECONDS * millions + api + locks + realPgroll);
}
