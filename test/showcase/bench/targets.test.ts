import { describe, expect, it } from '@jest/globals';
import type { BenchResult } from '../../../src/showcase/bench/bench-result.ts';
import type { MeasuredRun } from '../../../src/showcase/bench/measured-run.ts';
import type { MethodName, Variant } from '../../../src/showcase/bench/methods/method.ts';
import { compareWithTargets } from '../../../src/showcase/bench/report/targets.ts';
import { API, exampleResult, MEGABYTE, withRuns } from './bench-result.ts';

function missed(result: BenchResult): string[] {
  return compareWithTargets(result)
    .filter(({ isMet }) => isMet === false)
    .map(({ goal }) => goal);
}

/** Another method's time without the load, in the given variant. */
function secondsOf(name: MethodName, variant: Variant, seconds: number): BenchResult {
  return withRuns((run) =>
    run.method === name && run.variant === variant && run.api === null ? { seconds } : {},
  );
}

function engine1(changes: (run: MeasuredRun) => Partial<MeasuredRun>, isLoaded: boolean): BenchResult {
  return withRuns((run) =>
    run.method === 'engine-1' && (run.api !== null) === isLoaded ? changes(run) : {},
  );
}

describe('compareWithTargets', () => {
  it('is met at the bound itself', () => {
    const targets = compareWithTargets(exampleResult());
    expect(targets.map(({ isMet }) => isMet)).toEqual(Array.from({ length: 17 }, () => true));
    expect(targets.map(({ wanted }) => wanted)).toEqual([
      '≥ 4×',
      '≥ 2.7×',
      '≤ 0.9×',
      '≤ 0.6×',
      '≤ 0.75×',
      '≥ 8×',
      '≤ 0.6×',
      '≤ 0.7×',
      '≤ 1.2×',
      '≤ 1.02×',
      '= 0',
      '≤ 2×',
      '≤ 180 s',
      '≤ 150 ms',
      '≤ 10 ms',
      '≤ 120 MB',
      '≤ 1.5 s',
    ]);
  });

  const locks = exampleResult().locks;
  it.each([
    [
      'a faster `IN … LIMIT` kept equal',
      secondsOf('in-limit', 'kept', 159),
      ['2 workers: times as fast as `in-limit`, kept equal'],
    ],
    [
      'a faster `IN … LIMIT` as published',
      secondsOf('in-limit', 'published', 107),
      ['2 workers: times as fast as `in-limit`, as published'],
    ],
    [
      'a faster `UPDATE` kept equal',
      secondsOf('whole-table', 'kept', 66.6),
      [
        '1 worker: time against `whole-table`, kept equal',
        '2 workers: time against `whole-table`, kept equal',
      ],
    ],
    [
      'a faster `UPDATE` as published',
      secondsOf('whole-table', 'published', 53),
      ['2 workers: time against `whole-table`, as published'],
    ],
    [
      'a faster online_migrations',
      secondsOf('online-migrations', 'kept', 479),
      ['1 worker: times as fast as `online-migrations`, kept equal'],
    ],
    ['a faster pgroll', secondsOf('pgroll', 'kept', 66), ['2 workers: time against `pgroll`, kept equal']],
    [
      'faster key ranges',
      secondsOf('ranges-10000', 'kept', 57),
      ['2 workers: time against `ranges-10000`, kept equal'],
    ],
    ['a grown heap', engine1(() => ({ heapGrowth: 1.21 }), false), ['heap, 1 and 2 workers']],
    ['a grown key', engine1(() => ({ indexGrowth: 1.03 }), false), ['primary key, 1 and 2 workers']],
    [
      'a failed request',
      engine1(() => ({ api: { ...API, failed: 1 } }), true),
      ['beside the API, 1 worker: failed requests'],
    ],
    [
      'slow requests',
      engine1(() => ({ api: { ...API, p99Ms: 8.1 } }), true),
      ['beside the API, 1 worker: p99 against idle'],
    ],
    [
      'a slow run beside the API',
      engine1(() => ({ seconds: 181 }), true),
      ['beside the API, 1 worker: time'],
    ],
    [
      'a long batch beside the API',
      engine1(() => ({ longestBatchMs: 151 }), true),
      ['longest batch, also beside the API'],
    ],
    [
      'a long lock',
      exampleResult({ locks: locks.map((lock) => ({ ...lock, heldMs: [1, 10.1, 20] })) }),
      ['ACCESS EXCLUSIVE: greatest median of a phase on all rows'],
    ],
    [
      'much memory',
      engine1((run) => ({ process: { seconds: run.seconds, peakMemoryBytes: 121 * MEGABYTE } }), true),
      ['peak memory of the process'],
    ],
    [
      'a slow start',
      engine1((run) => ({ process: { seconds: run.seconds + 1.6, peakMemoryBytes: null } }), false),
      ['process of `mikro-orm migration:up`, without the backfill and `npx`'],
    ],
  ] as [string, BenchResult, string[]][])('is not met with %s', (_what, result, goals) => {
    expect(missed(result)).toEqual(goals);
  });

  it('is unknown without the measurement', () => {
    const targets = compareWithTargets(exampleResult({ runs: [], locks: [] }));
    expect(targets.map(({ reached, isMet }) => [reached, isMet])).toEqual(targets.map(() => [null, null]));
  });
});
