import type { BenchResult } from '../../../src/showcase/bench/bench-result.ts';
import type { MeasuredRun } from '../../../src/showcase/bench/measured-run.ts';
import type { MethodName } from '../../../src/showcase/bench/methods/method.ts';
import { METHODS } from '../../../src/showcase/bench/methods/methods.ts';
import { planRuns } from '../../../src/showcase/bench/plan.ts';

export const MEGABYTE = 2 ** 20;
export const ROWS = 10_000_000;
const LOST_ROWS = 4_321;

export const API = { requests: 12_345, failed: 0, p50Ms: 1.23, p99Ms: 8, maxMs: 1_234.5, failures: [] };
const LEDGER = { acknowledged: 0, missing: 0, different: 0, unexpected: 0 };
/** Seconds on all rows without the load: published, and kept equal. */
export const SECONDS: Readonly<Record<MethodName, readonly [number, number]>> = {
  'in-limit': [108, 160],
  'ranges-10000': [46, 60],
  'whole-table': [54, 67],
  'alter-type': [15, 15],
  pgroll: [0, 70],
  'online-migrations': [0, 480],
  gitlab: [0, 108],
  'engine-1': [0, 60],
  'engine-2': [0, 40],
};

/** A result in which every target is reached, some exactly at its bound. */
export function exampleResult(changes: Partial<BenchResult> = {}): BenchResult {
  const runs = planRuns(ROWS, METHODS, false).map(({ method, variant, rows, isLoaded }): MeasuredRun => {
    const isEngine = method.workers !== null;
    const isLosing = variant === 'published' && isLoaded && method.name !== 'alter-type';
    const [published, kept] = SECONDS[method.name];
    const seconds = (variant === 'published' ? published : kept) * (isEngine ? rows / ROWS : 1);
    return {
      method: method.name,
      variant,
      rows,
      seconds,
      batches: 1_000,
      longestBatchMs: isEngine ? 150 : 886.4,
      process: isEngine ? { seconds: seconds + 1.5, peakMemoryBytes: 120 * MEGABYTE } : null,
      walBytes: 4_600 * MEGABYTE,
      heapGrowth: isEngine ? 1.2 : 2.1,
      indexGrowth: isEngine ? 1.02 : 2,
      api: isLoaded ? API : null,
      ledger: isLosing ? { ...LEDGER, different: LOST_ROWS } : LEDGER,
    };
  });
  return {
    rows: ROWS,
    methods: METHODS.map(({ name }) => name),
    isQuick: false,
    repetitions: 3,
    seed: 7,
    began: '2026-11-24T12:00:00.000Z',
    seconds: 2_400,
    machine: {
      cores: 2,
      processor: 'Example 1',
      memoryBytes: 8 * 2 ** 30,
      system: 'linux 6.1 x64',
      postgres: '18.4',
      node: '24.0.0',
    },
    settings: { shared_buffers: '256MB', autovacuum: 'on' },
    load: { capacityPerSecond: 1_600.4, requestsPerSecond: 800.2, connections: 32, patienceMs: 10_000 },
    idle: { ...API, p99Ms: 4 },
    // In another order than the report's.
    runs: runs.toReversed(),
    pgroll: {
      version: 'pgroll version 1',
      rows: ROWS,
      completed: [
        { command: 'start', seconds: 120.25, isBesideAutovacuum: false },
        { command: 'complete', seconds: 1, isBesideAutovacuum: true },
      ],
      rolledBack: [{ command: 'rollback', seconds: 0.5, isBesideAutovacuum: false }],
    },
    locks: [100_000, ROWS].flatMap((rows) =>
      [
        ['0002', 'expand'],
        ['0004', 'enforce: set not null'],
      ].map(([migration, purpose]) => ({
        rows,
        migration: migration!,
        purpose: purpose!,
        heldMs: [3, 21, 10],
      })),
    ),
    ...changes,
  };
}

/** The result with other figures in some runs. */
export function withRuns(change: (run: MeasuredRun) => Partial<MeasuredRun>): BenchResult {
  const result = exampleResult();
  return { ...result, runs: result.runs.map((run) => ({ ...run, ...change(run) })) };
}
