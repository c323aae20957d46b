import type { Target } from '../harness/target-table.ts';
import type { SuiteResult } from './large-result.ts';

/** The greatest value that is good. */
interface Rule {
  readonly goal: string;
  readonly bound: number;
  readonly unit: string;
  readonly value: (result: SuiteResult) => number | null;
}

const RULES: readonly Rule[] = [
  { goal: 'time of the backfill and its checkpoint against `dd`', bound: 1.5, unit: '×', value: timeRatio },
  {
    goal: 'longest batch, without and with load',
    bound: 150,
    unit: ' ms',
    value: ({ alone, loaded }) => Math.max(alone.longestBatchMs, loaded.longestBatchMs),
  },
  { goal: 'heap', bound: 1.2, unit: '×', value: ({ alone }) => alone.heapGrowth },
  { goal: 'primary key', bound: 1.02, unit: '×', value: ({ alone }) => alone.indexGrowth },
  { goal: 'API: failed requests', bound: 0, unit: '', value: ({ loaded }) => loaded.api!.failed },
  {
    goal: 'API: p99 against idle',
    bound: 2,
    unit: '×',
    value: ({ idle, loaded }) => loaded.api!.p99Ms / idle.p99Ms,
  },
];

/** Compares a table's result with the targets. */
export function compareWithTargets(result: SuiteResult): Target[] {
  return RULES.map(({ goal, bound, unit, value }) => {
    const reached = value(result);
    return {
      goal,
      wanted: bound === 0 ? '= 0' : `≤ ${bound}${unit}`,
      reached,
      isMet: reached === null ? null : reached <= bound,
    };
  });
}

/** How many times as long as `dd` the backfill takes, both until the bytes are on disk; null if `dd` was not run. */
export function timeRatio({ alone, checkpointSeconds, sequential }: SuiteResult): number | null {
  return sequential === null ? null : (alone.seconds + checkpointSeconds) / sequential.seconds;
}
