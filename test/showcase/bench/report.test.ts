import { execFile } from 'node:child_process';
import { mkdtempDisposable, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import type { BenchResult } from '../../../src/showcase/bench/bench-result.ts';
import type { MeasuredRun } from '../../../src/showcase/bench/measured-run.ts';
import { type MethodName, METHODS } from '../../../src/showcase/bench/methods.ts';
import { benchReport } from '../../../src/showcase/bench/report.ts';
import { compareWithTargets } from '../../../src/showcase/bench/targets.ts';

const MEGABYTE = 2 ** 20;
const api = { requests: 12_345, failed: 0, p50Ms: 1.23, p99Ms: 8.76, maxMs: 1_234.5, failures: [] };
const ledger = { acknowledged: 0, missing: 0, different: 0, unexpected: 0 };
const SECONDS: Record<MethodName, number> = {
  'in-limit': 60,
  'whole-table': 40,
  'ranges-1000': 550,
  'ranges-10000': 44,
  'alter-type': 15,
  'engine-1': 30,
  'engine-2': 20,
};

function run(method: MethodName, changes: Partial<MeasuredRun> = {}): MeasuredRun {
  const isEngine = method.startsWith('engine');
  return {
    method,
    rows: 10_000_000,
    seconds: SECONDS[method],
    batches: 1_000,
    longestBatchMs: isEngine ? 150 : 886.4,
    accessExclusiveMs: method === 'alter-type' ? 15_000 : null,
    process: isEngine ? { seconds: 31.25, peakMemoryBytes: 140 * MEGABYTE } : null,
    walBytes: 4_600 * MEGABYTE,
    heapGrowth: isEngine ? 1.3 : 2.35,
    indexGrowth: isEngine ? 1 : 2,
    api: null,
    ledger,
    ...changes,
  };
}

const heldMs = [3, 1, 9, 2, 4];
const whole: BenchResult = {
  rows: 10_000_000,
  methods: METHODS.map(({ name }) => name),
  repetitions: 5,
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
  idle: { ...api, p99Ms: 5 },
  // In another order than the report's.
  runs: METHODS.toReversed().flatMap(({ name }) => [run(name, { api }), run(name)]),
  smallRuns: [
    run('engine-1', { rows: 1_000_000, seconds: 3 }),
    run('engine-2', { rows: 1_000_000, seconds: 2 }),
  ],
  locks: [100_000, 10_000_000].flatMap((rows) =>
    [
      ['0002', 'expand'],
      ['0004', 'enforce: set not null'],
    ].map(([migration, purpose]) => ({ rows, migration: migration!, purpose: purpose!, heldMs })),
  ),
};

/** The cells of the table's rows, without the separator below the headings. */
function tableAfter(report: string, heading: string): string[][] {
  const section = report.split(/^### /m).find((text) => text.startsWith(heading))!;
  const lines = section.split('\n').filter((line) => line.startsWith('|'));
  return lines
    .toSpliced(1, 1)
    .map((line) => line.split('|').slice(1, -1))
    .map((cells) => cells.map((cell) => cell.trim()));
}

describe('the report of the bench', () => {
  const report = benchReport(whole);

  it('has every method in its order, and every column, without a load', () => {
    const [headings, ...rows] = tableAfter(report, '10,000,000 rows, no other load');
    expect(headings).toEqual([
      'method',
      'seconds',
      'ratio',
      'longest batch ms',
      'ACCESS EXCLUSIVE ms',
      'WAL MB',
      'heap',
      'primary key',
    ]);
    expect(rows.map(([title]) => title)).toEqual(METHODS.map(({ title }) => title));
    expect(rows[0]!.slice(1)).toEqual(['60.0', '1.00', '886', 'none', '4,600', '2.35×', '2.00×']);
    expect(rows[4]!.slice(1)).toEqual(['15.0', '0.25', '886', '15,000', '4,600', '2.35×', '2.00×']);
    expect(rows[6]!.slice(1)).toEqual(['20.0', '0.33', '150', 'none', '4,600', '1.30×', '1.00×']);
  });

  it('has the latencies of the API, with and without a method', () => {
    const [headings, idle, first, ...rows] = tableAfter(report, '10,000,000 rows, the API under load');
    expect(headings).toEqual([
      'method',
      'seconds',
      'ratio',
      'longest batch ms',
      'ACCESS EXCLUSIVE ms',
      'API p50 ms',
      'API p99 ms',
      'API max ms',
      'requests',
      'failed',
      'wrong rows',
      'WAL MB',
      'heap',
      'primary key',
    ]);
    expect(idle!.join()).toBe('no migration,–,–,–,–,1.2,5.0,1,235,12,345,0,–,–,–,–');
    expect(first!.slice(5, 11)).toEqual(['1.2', '8.8', '1,235', '12,345', '0', '0']);
    expect(rows).toHaveLength(METHODS.length - 1);
    expect(report).toContain('can serve 1,600 requests a second here; the load is 800 a second over 32');
  });

  it('has the circumstances', () => {
    expect(report).toContain(
      'on 2026-11-24 with `npm run bench -- --rows 10000000 --repetitions 5 --seed 7`, in 40 minutes.',
    );
    expect(report).toContain('Machine: 2 cores (Example 1), 8 GB of memory, linux 6.1 x64, Node 24.0.0.');
    expect(report).toContain('Database: PostgreSQL 18.4, shared_buffers = 256MB, autovacuum = on.');
  });

  it('has the processes of the engine', () => {
    const [headings, ...rows] = tableAfter(report, 'The process of');
    expect(headings).toEqual([
      'method',
      'rows',
      'load',
      'backfill seconds',
      'process seconds',
      'peak memory MB',
    ]);
    expect(rows).toEqual([
      ['this project, 1 worker', '1,000,000', 'no', '3.0', '31.3', '140'],
      ['this project, 1 worker', '10,000,000', 'yes', '30.0', '31.3', '140'],
      ['this project, 1 worker', '10,000,000', 'no', '30.0', '31.3', '140'],
      ['this project, 2 workers', '1,000,000', 'no', '2.0', '31.3', '140'],
      ['this project, 2 workers', '10,000,000', 'yes', '20.0', '31.3', '140'],
      ['this project, 2 workers', '10,000,000', 'no', '20.0', '31.3', '140'],
    ]);
  });

  it('has the median and the maximum of each lock at both sizes', () => {
    expect(tableAfter(report, 'How long the phases hold')).toEqual([
      ['phase', '100,000 rows: median ms', 'max ms', '10,000,000 rows: median ms', 'max ms', 'times taken'],
      ['0002 expand', '3.0', '9.0', '3.0', '9.0', '5'],
      ['0004 enforce: set not null', '3.0', '9.0', '3.0', '9.0', '5'],
    ]);
  });

  it('tells for each target whether it was reached', () => {
    const [headings, ...rows] = tableAfter(report, 'Numbers to reach');
    expect(headings).toEqual(['goal', 'wanted', 'reached', 'yes or no']);
    expect(rows).toHaveLength(compareWithTargets(whole).length);
    expect(rows[0]!.slice(1)).toEqual(['≥ 3×', '3', 'yes']);
    expect(report).toContain('The numbers are meant for 10,000,000 rows on 2 cores.');
  });

  it('is formatted as the formatter requires', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'report-test-'));
    const page = join(folder.path, 'page.md');
    await writeFile(page, `${report}\n`);
    const oxfmt = join(import.meta.dirname, '../../../node_modules/.bin/oxfmt');
    await promisify(execFile)(oxfmt, [page], { cwd: folder.path });
    expect(await readFile(page, 'utf8')).toBe(`${report}\n`);
  });

  it('names the missing measurements', () => {
    const engines = whole.runs.filter(({ method }) => method.startsWith('engine'));
    const some = benchReport({
      ...whole,
      rows: 1_000_000,
      methods: ['engine-1', 'engine-2'],
      runs: engines.map((engine) => ({ ...engine, process: { seconds: 1, peakMemoryBytes: null } })),
      smallRuns: [],
    });
    expect(some).toContain('--rows 1000000 --methods engine-1,engine-2 --repetitions 5 --seed 7');
    expect(some).toContain('; this run had 1,000,000 rows.');
    const rows = tableAfter(some, '1,000,000 rows, no other load');
    expect(rows.map(([title, , ratio]) => [title, ratio])).toEqual([
      ['method', 'ratio'],
      ['this project, 1 worker', '–'],
      ['this project, 2 workers', '–'],
    ]);
    expect(tableAfter(some, 'The process of').map((cells) => cells.at(-1))).toEqual([
      'peak memory MB',
      'not measured',
      'not measured',
      'not measured',
      'not measured',
    ]);
    const targets = tableAfter(some, 'Numbers to reach');
    expect(targets[1]!.slice(1)).toEqual(['≥ 3×', 'not measured', '–']);
    expect(targets[8]!.slice(1)).toEqual(['≤ 11×', 'not measured', '–']);
  });
});

function isMet(result: BenchResult): (boolean | null)[] {
  return compareWithTargets(result).map((target) => target.isMet);
}

describe('compareWithTargets', () => {
  const withRuns = (change: (one: MeasuredRun) => Partial<MeasuredRun>): BenchResult => ({
    ...whole,
    runs: whole.runs.map((one) => ({ ...one, ...change(one) })),
  });
  it('is met at the bound itself', () => {
    expect(isMet(whole)).toEqual(Array.from({ length: 13 }, () => true));
  });

  it.each([
    ['a slow engine', withRuns((one) => (one.method === 'engine-2' ? { seconds: 28.1 } : {})), [0, 1, 8]],
    [
      'a grown heap, 1 worker',
      withRuns((one) => (one.method === 'engine-1' ? { heapGrowth: 1.31 } : {})),
      [2],
    ],
    ['a grown key', withRuns((one) => (one.method === 'engine-1' ? { indexGrowth: 1.06 } : {})), [3]],
    [
      'a grown heap, 2 workers',
      withRuns((one) => (one.method === 'engine-2' ? { heapGrowth: 1.51 } : {})),
      [4],
    ],
    [
      'a long batch beside the load',
      withRuns((one) => (one.method === 'engine-2' && one.api ? { longestBatchMs: 151 } : {})),
      [5],
    ],
    [
      'much memory for the small table',
      {
        ...whole,
        smallRuns: whole.smallRuns.map((one) => ({
          ...one,
          process: { seconds: 1, peakMemoryBytes: 151 * MEGABYTE },
        })),
      },
      [6],
    ],
    ['growing time, 1 worker', withRuns((one) => (one.method === 'engine-1' ? { seconds: 33.1 } : {})), [7]],
    ['a failed request', withRuns((one) => (one.api ? { api: { ...api, failed: 1 } } : {})), [9]],
    ['slow requests', withRuns((one) => (one.api ? { api: { ...api, p99Ms: 10.1 } } : {})), [10]],
    [
      'a long lock on the large table',
      {
        ...whole,
        locks: whole.locks.map((lock) => (lock.rows === whole.rows ? { ...lock, heldMs: [1, 10.1] } : lock)),
      },
      [11],
    ],
    [
      'a long lock on the small table',
      {
        ...whole,
        locks: whole.locks.map((lock) => (lock.rows === whole.rows ? lock : { ...lock, heldMs: [1, 10.1] })),
      },
      [12],
    ],
  ] as [string, BenchResult, number[]][])('is not met with %s', (_what, result, missed) => {
    expect(isMet(result).flatMap((met, index) => (met === false ? [index] : []))).toEqual(missed);
  });
});
