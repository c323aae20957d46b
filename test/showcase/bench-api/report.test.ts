import { describe, expect, it } from '@jest/globals';
import { benchApiReport } from '../../../src/showcase/bench-api/report.ts';

const machine = {
  cores: 2,
  processor: 'Processor',
  memoryBytes: 2 ** 33,
  system: 'linux',
  postgres: '18.4',
  node: '24.1.0',
};
const waits = { idle: [20, 10, 30], switching: [40, 50, 44, 46] };
const polling = { usual: [90, 100, 110], busy: [99, 99, 99] };

describe('the report of bench:api', () => {
  it('has the medians of the rounds, and tells whether the lowest ratio reaches the target', () => {
    const comparisons = [
      { migration: '0001', endpoint: '`GET`', plain: [900, 2_000, 1_000], api: [980, 990, 100] },
      { migration: '0006', endpoint: '`GET`', plain: [1_000], api: [950] },
    ];
    expect(benchApiReport({ comparisons, polling, waits, machine })).toBe(
      [
        '| stage | request | plain MikroORM, answers/s | followedOrm, answers/s | ratio |',
        '| ----- | ------: | ------------------------: | ---------------------: | ----: |',
        '| 0001  |   `GET` |                     1,000 |                    980 |  0.98 |',
        '| 0006  |   `GET` |                     1,000 |                    950 |  0.95 |',
        '',
        'Lowest ratio: 0.95; wanted: 0.95 (reached).',
        '',
        'Answers/s with one poll of the active column per second: 100 (90 to 110); with 100: 99 (99 to 99).',
        '',
        'Longest answer in ms while the active column changes: 45 (40 to 50); while a migration command has nothing to do: 20 (10 to 30).',
        '',
        'Machine: 2 cores (Processor), 8 GB of memory, linux, Node 24.1.0. PostgreSQL 18.4.',
      ].join('\n'),
    );
  });

  it('reports a lowest ratio below the target', () => {
    const comparisons = [{ migration: '0001', endpoint: '`GET`', plain: [1_000], api: [949] }];
    expect(benchApiReport({ comparisons, polling, waits, machine })).toContain('wanted: 0.95 (not reached)');
  });
});
