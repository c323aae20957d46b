import type { BenchResult } from '../bench-result.ts';
import type { MeasuredRun } from '../measured-run.ts';
import type { MethodName, Variant } from '../methods/method.ts';
import { median } from '../../harness/median.ts';
import type { Target } from '../../harness/target-table.ts';
import { aloneRun, engineRuns, greatest, loadedRun } from './runs.ts';

const MEGABYTE = 2 ** 20;

/** The rules for targets, in the order of the report. */
interface Rule {
  readonly goal: string;
  readonly sign: '≤' | '≥' | '=';
  readonly bound: number;
  readonly unit: string;
  /** Undefined if the result does not contain it. */
  readonly value: (result: BenchResult) => number | undefined;
}

const RULES: readonly Rule[] = [
  timesAsFast('engine-2', 'in-limit', 'kept', 4),
  timesAsFast('engine-2', 'in-limit', 'published', 2.7),
  shareOfTime('engine-1', 'whole-table', 'kept', 0.9),
  shareOfTime('engine-2', 'whole-table', 'kept', 0.6),
  shareOfTime('engine-2', 'whole-table', 'published', 0.75),
  timesAsFast('engine-1', 'online-migrations', 'kept', 8),
  shareOfTime('engine-2', 'pgroll', 'kept', 0.6),
  shareOfTime('engine-2', 'ranges-10000', 'kept', 0.7),
  {
    goal: 'heap, 1 and 2 workers',
    sign: '≤',
    bound: 1.2,
    unit: '×',
    value: (result) => greatest(aloneEngines(result).map(({ heapGrowth }) => heapGrowth)),
  },
  {
    goal: 'primary key, 1 and 2 workers',
    sign: '≤',
    bound: 1.02,
    unit: '×',
    value: (result) => greatest(aloneEngines(result).map(({ indexGrowth }) => indexGrowth)),
  },
  {
    goal: 'beside the API, 1 worker: failed requests',
    sign: '=',
    bound: 0,
    unit: '',
    value: (result) => besideApi(result)?.api?.failed,
  },
  {
    goal: 'beside the API, 1 worker: p99 against idle',
    sign: '≤',
    bound: 2,
    unit: '×',
    value: (result) => ratio(besideApi(result)?.api?.p99Ms, result.idle.p99Ms),
  },
  {
    goal: 'beside the API, 1 worker: time',
    sign: '≤',
    bound: 180,
    unit: ' s',
    value: (result) => besideApi(result)?.seconds,
  },
  {
    goal: 'longest batch, also beside the API',
    sign: '≤',
    bound: 150,
    unit: ' ms',
    value: (result) => greatest(engineRuns(result).map(({ longestBatchMs }) => longestBatchMs)),
  },
  {
    goal: 'ACCESS EXCLUSIVE: greatest median of a phase on all rows',
    sign: '≤',
    bound: 10,
    unit: ' ms',
    value: ({ rows, locks }) =>
      greatest(locks.filter((lock) => lock.rows === rows).map(({ heldMs }) => median(heldMs))),
  },
  {
    goal: 'peak memory of the process',
    sign: '≤',
    bound: 120,
    unit: ' MB',
    value: (result) =>
      greatest(
        engineRuns(result)
          .map((run) => run.process!.peakMemoryBytes)
          .filter((bytes) => bytes !== null)
          .map((bytes) => bytes / MEGABYTE),
      ),
  },
  {
    goal: 'process of `mikro-orm migration:up`, without the backfill and `npx`',
    sign: '≤',
    bound: 1.5,
    unit: ' s',
    value: (result) => greatest(aloneEngines(result).map((run) => run.process!.seconds - run.seconds)),
  },
];

/** Compares a result with the targets. */
export function compareWithTargets(result: BenchResult): Target[] {
  return RULES.map(({ goal, sign, bound, unit, value }) => {
    const reached = value(result) ?? null;
    return { goal, wanted: `${sign} ${bound}${unit}`, reached, isMet: isMet(reached, sign, bound) };
  });
}

/** How many times as fast as another method the engine is, without a load. */
function timesAsFast(
  name: 'engine-1' | 'engine-2',
  other: MethodName,
  variant: Variant,
  bound: number,
): Rule {
  return {
    goal: `${workersOf(name)}: times as fast as ${described(other, variant)}`,
    sign: '≥',
    bound,
    unit: '×',
    value: (result) =>
      ratio(aloneRun(result, other, variant)?.seconds, aloneRun(result, name, 'kept')?.seconds),
  };
}

/** The engine's time as a share of another method's, without a load. */
function shareOfTime(
  name: 'engine-1' | 'engine-2',
  other: MethodName,
  variant: Variant,
  bound: number,
): Rule {
  return {
    goal: `${workersOf(name)}: time against ${described(other, variant)}`,
    sign: '≤',
    bound,
    unit: '×',
    value: (result) =>
      ratio(aloneRun(result, name, 'kept')?.seconds, aloneRun(result, other, variant)?.seconds),
  };
}

function workersOf(name: 'engine-1' | 'engine-2'): string {
  return name === 'engine-1' ? '1 worker' : '2 workers';
}

function described(name: MethodName, variant: Variant): string {
  return `\`${name}\`, ${variant === 'kept' ? 'kept equal' : 'as published'}`;
}

function isMet(reached: number | null, sign: Rule['sign'], bound: number): boolean | null {
  if (reached === null) return null;
  if (sign === '=') return reached === bound;
  return sign === '≤' ? reached <= bound : reached >= bound;
}

/** The engine's runs on all rows without a load. */
function aloneEngines(result: BenchResult): MeasuredRun[] {
  return engineRuns(result).filter(({ api, rows }) => api === null && rows === result.rows);
}

function besideApi(result: BenchResult): MeasuredRun | undefined {
  return loadedRun(result, 'engine-1', 'kept');
}

function ratio(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? undefined : one / other;
}
