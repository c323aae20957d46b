import type { BenchResult } from './bench-result.ts';
import type { LockTime } from './lock-times.ts';
import type { MeasuredRun } from './measured-run.ts';
import type { MethodName } from './methods.ts';

const MEGABYTE = 2 ** 20;

/** A target, and whether it was reached. */
export interface Target {
  readonly goal: string;
  /** For example `≤ 1.3×`. */
  readonly wanted: string;
  /** In the unit of `wanted`; null if it was not measured. */
  readonly reached: number | null;
  /** Null if it is unknown. */
  readonly isMet: boolean | null;
}

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
  {
    goal: 'engine, 2 workers: times as fast as `IN (SELECT … LIMIT)`',
    sign: '≥',
    bound: 3,
    unit: '×',
    value: (result) => ratio(secondsOf(result, 'in-limit'), secondsOf(result, 'engine-2')),
  },
  {
    goal: 'engine, 2 workers: time against the `UPDATE` of the whole table',
    sign: '≤',
    bound: 0.7,
    unit: '×',
    value: (result) => ratio(secondsOf(result, 'engine-2'), secondsOf(result, 'whole-table')),
  },
  {
    goal: 'engine, 1 worker: heap',
    sign: '≤',
    bound: 1.3,
    unit: '×',
    value: (result) => alone(result, 'engine-1')?.heapGrowth,
  },
  {
    goal: 'engine, 1 worker: primary key',
    sign: '≤',
    bound: 1.05,
    unit: '×',
    value: (result) => alone(result, 'engine-1')?.indexGrowth,
  },
  {
    goal: 'engine, 2 workers: heap',
    sign: '≤',
    bound: 1.5,
    unit: '×',
    value: (result) => alone(result, 'engine-2')?.heapGrowth,
  },
  {
    goal: 'engine: longest batch of all its runs',
    sign: '≤',
    bound: 150,
    unit: ' ms',
    value: (result) => greatest(engineRuns(result).map(({ longestBatchMs }) => longestBatchMs)),
  },
  {
    goal: 'engine: peak memory of the process, of all its runs',
    sign: '≤',
    bound: 150,
    unit: ' MB',
    value: peakMegabytes,
  },
  {
    goal: 'engine, 1 worker: time against that of a tenth of the rows',
    sign: '≤',
    bound: 11,
    unit: '×',
    value: (result) => growth(result, 'engine-1'),
  },
  {
    goal: 'engine, 2 workers: time against that of a tenth of the rows',
    sign: '≤',
    bound: 11,
    unit: '×',
    value: (result) => growth(result, 'engine-2'),
  },
  {
    goal: 'API beside the engine, 1 worker: failed requests',
    sign: '=',
    bound: 0,
    unit: '',
    value: (result) => loaded(result, 'engine-1')?.api?.failed,
  },
  {
    goal: 'API beside the engine, 1 worker: p99 against idle',
    sign: '≤',
    bound: 2,
    unit: '×',
    value: (result) => ratio(loaded(result, 'engine-1')?.api?.p99Ms, result.idle.p99Ms),
  },
  {
    goal: 'phases: longest ACCESS EXCLUSIVE on all rows',
    sign: '≤',
    bound: 10,
    unit: ' ms',
    value: ({ rows, locks }) => longestLock(locks.filter((lock) => lock.rows === rows)),
  },
  {
    goal: 'phases: the same on a hundredth of the rows',
    sign: '≤',
    bound: 10,
    unit: ' ms',
    value: ({ rows, locks }) => longestLock(locks.filter((lock) => lock.rows !== rows)),
  },
];

/** Compares a result with the targets. */
export function compareWithTargets(result: BenchResult): Target[] {
  return RULES.map(({ goal, sign, bound, unit, value }) => {
    const reached = value(result) ?? null;
    return { goal, wanted: `${sign} ${bound}${unit}`, reached, isMet: isMet(reached, sign, bound) };
  });
}

function isMet(reached: number | null, sign: Rule['sign'], bound: number): boolean | null {
  if (reached === null) return null;
  if (sign === '=') return reached === bound;
  return sign === '≤' ? reached <= bound : reached >= bound;
}

function alone({ runs }: BenchResult, name: MethodName): MeasuredRun | undefined {
  return runs.find(({ method, api }) => method === name && api === null);
}

function loaded({ runs }: BenchResult, name: MethodName): MeasuredRun | undefined {
  return runs.find(({ method, api }) => method === name && api !== null);
}

/** The runs of `npx mikro-orm`. */
function engineRuns({ runs }: BenchResult): MeasuredRun[] {
  return runs.filter((run) => run.process !== null);
}

function secondsOf(result: BenchResult, name: MethodName): number | undefined {
  return alone(result, name)?.seconds;
}

function growth(result: BenchResult, name: MethodName): number | undefined {
  const small = result.smallRuns.find(({ method }) => method === name);
  return ratio(secondsOf(result, name), small?.seconds);
}

function peakMegabytes(result: BenchResult): number | undefined {
  const peaks = [...engineRuns(result), ...result.smallRuns].map((run) => run.process?.peakMemoryBytes);
  return greatest(peaks.filter((bytes) => typeof bytes === 'number').map((bytes) => bytes / MEGABYTE));
}

function longestLock(locks: readonly LockTime[]): number | undefined {
  return greatest(locks.flatMap(({ heldMs }) => heldMs));
}

function greatest(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : Math.max(...values);
}

function ratio(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? undefined : one / other;
}
