import { describe, expect, it } from '@jest/globals';
import type { ChangeRun, PhaseCost } from '../../../src/showcase/bench-change/change-run.ts';
import { benchChangeReport } from '../../../src/showcase/bench-change/report.ts';
import { estimateChangeSeconds } from '../../../src/showcase/bench-change/estimate.ts';
import { compareChange } from '../../../src/showcase/bench-change/targets.ts';

const MEGABYTE = 2 ** 20;

function phase(
  migration: string,
  name: string,
  direction: PhaseCost['direction'],
  changes: Partial<PhaseCost> = {},
): PhaseCost {
  return {
    migration,
    phase: name,
    direction,
    seconds: 1,
    fillSeconds: null,
    walBytes: MEGABYTE,
    longestLockMs: 2.25,
    heapGrowth: 1.1,
    indexGrowth: 1,
    ...changes,
  };
}

const run: ChangeRun = {
  rows: 100_000,
  workers: 1,
  phases: [
    phase('0002', 'expand', 'up'),
    phase('0003', 'backfill', 'up', { seconds: 12, fillSeconds: 10, longestLockMs: null, walBytes: 9e9 }),
    phase('0004', 'enforce', 'up', { longestLockMs: 8 }),
    phase('0006', 'rename', 'up', { heapGrowth: 1.2, indexGrowth: 1.02 }),
    phase('0005', 'contract', 'down', { seconds: 11, fillSeconds: 9, heapGrowth: 1.44, indexGrowth: 1.0404 }),
    phase('0002', 'expand', 'down', {
      seconds: 4,
      longestLockMs: null,
      heapGrowth: 1.44,
      indexGrowth: 1.0404,
    }),
  ],
  processSeconds: [0.5, 2, 0.75, 1],
};

const result = {
  rows: [100_000],
  workers: [1],
  began: '2026-11-24T12:00:00.000Z',
  seconds: 61,
  machine: {
    cores: 2,
    processor: 'Example 1',
    memoryBytes: 8 * 2 ** 30,
    system: 'linux 6.1 x64',
    postgres: '18.4',
    node: '24.0.0',
  },
  settings: { shared_buffers: '256MB' },
  runs: [run],
};

const RUN_HEADINGS = [
  '| table                  | backfill alone s | whole change s | way back s | longest lock ms | heap, way there | heap, both ways |',
  '| ---------------------- | ---------------: | -------------: | ---------: | --------------: | --------------: | --------------: |',
];
const RUN_FIGURES =
  '|            10.00 |          15.00 |      15.00 |             8.0 |           1.20× |           1.44× |';

const TARGETS = [
  '| target                                    |  wanted | 1 worker |',
  '| ----------------------------------------- | ------: | -------: |',
  '| time: whole change against backfill alone |  ≤ 1.5× |     1.50 |',
  '| time: way back against whole change       |    ≤ 1× |        1 |',
  '| heap, way there                           |  ≤ 1.2× |     1.20 |',
  '| primary key, way there                    | ≤ 1.02× |     1.02 |',
  '| heap, way back, against its start         |  ≤ 1.2× |     1.20 |',
  '| primary key, way back, against its start  | ≤ 1.02× |     1.02 |',
];

describe('the report of bench:change', () => {
  it('has the circumstances, the targets, and a line for each phase and each way', () => {
    expect(benchChangeReport(result)).toBe(
      [
        'Measured on 2026-11-24 with `npm run bench:change -- --rows 100000 --workers 1`, in 2 minutes.',
        '',
        'Machine: 2 cores (Example 1), 8 GB of memory, linux 6.1 x64, Node 24.0.0.',
        '',
        'Database: PostgreSQL 18.4, shared_buffers = 256MB.',
        '',
        'Each phase ran as a command of its own. Its process takes 0.9 seconds more than the phase (the median). ' +
          'The tables do not include this time.',
        '',
        ...RUN_HEADINGS,
        `| 100,000 rows, 1 worker ${RUN_FIGURES}`,
        '',
        'Both columns of the heap are relative to its size before the change.',
        '',
        'Targets, on 100,000 rows:',
        '',
        ...TARGETS,
        '',
        '<details>',
        '<summary>Each phase: 100,000 rows, 1 worker</summary>',
        '',
        '| phase                   | seconds | filling | longest lock ms | WAL MB |  heap | primary key |',
        '| ----------------------- | ------: | ------: | --------------: | -----: | ----: | ----------: |',
        '| 0002 expand             |    1.00 |       – |             2.3 |      1 | 1.10× |       1.00× |',
        '| 0003 backfill           |   12.00 |   10.00 |               – |  8,583 | 1.10× |       1.00× |',
        '| 0004 enforce            |    1.00 |       – |             8.0 |      1 | 1.10× |       1.00× |',
        '| 0006 rename             |    1.00 |       – |             2.3 |      1 | 1.20× |       1.02× |',
        '| **way there**           |   15.00 |   10.00 |             8.0 |  8,586 | 1.20× |       1.02× |',
        '| 0005 contract, reverted |   11.00 |    9.00 |             2.3 |      1 | 1.44× |       1.04× |',
        '| 0002 expand, reverted   |    4.00 |       – |               – |      1 | 1.44× |       1.04× |',
        '| **way back**            |   15.00 |    9.00 |             2.3 |      2 | 1.44× |       1.04× |',
        '',
        '</details>',
      ].join('\n'),
    );
  });

  it('shows the targets of the largest table, and folds those of smaller ones', () => {
    const small = { ...run, rows: 1_000 };
    const report = benchChangeReport({ ...result, rows: [1_000, 100_000], runs: [small, run] });
    expect(report).toContain(
      [
        ...RUN_HEADINGS,
        `| 1,000 rows, 1 worker   ${RUN_FIGURES}`,
        `| 100,000 rows, 1 worker ${RUN_FIGURES}`,
      ].join('\n'),
    );
    const targets = TARGETS.join('\n');
    expect(report).toContain(`\n\nTargets, on 100,000 rows:\n\n${targets}\n\n<details>`);
    expect(report).toContain(`<summary>Targets: 1,000 rows</summary>\n\n${targets}\n\n</details>`);
  });
});

describe('the targets of bench:change', () => {
  it.each([
    ['a slow phase', { seconds: 1.1 }, [0]],
    ['a grown heap', { heapGrowth: 1.21 }, [2]],
    ['a grown primary key', { indexGrowth: 1.03 }, [3]],
  ])('tell of %s', (_name, change, missed) => {
    const phases = run.phases.map((one) =>
      one.phase === 'rename' && one.direction === 'up' ? { ...one, ...change } : one,
    );
    const found = compareChange({ ...run, phases }).flatMap(({ isMet }, index) =>
      isMet === false ? [index] : [],
    );
    expect(found).toEqual(missed);
  });

  it('tell of a slow way back', () => {
    const phases = run.phases.map((one) => (one.direction === 'down' ? { ...one, seconds: 8 } : one));
    expect(compareChange({ ...run, phases })[1]).toMatchObject({ isMet: false, reached: 16 / 15 });
  });

  it('need a backfill', () => {
    const phases = run.phases.map((one) => ({ ...one, fillSeconds: null }));
    expect(() => compareChange({ ...run, phases })).toThrow('No phase of the way there has filled a column.');
  });
});

describe('the estimate of bench:change', () => {
  it('is five to six minutes for three sizes up to 10,000,000 rows', () => {
    const options = { rows: [100_000, 1_000_000, 10_000_000], workers: [1, 2] };
    const minutes = estimateChangeSeconds(options) / 60;
    expect(minutes).toBeGreaterThan(5);
    expect(minutes).toBeLessThanOrEqual(6);
    expect(estimateChangeSeconds({ ...options, workers: [2] })).toBeLessThan(estimateChangeSeconds(options));
  });
});
