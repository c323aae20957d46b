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
const polling = { usual: [90, 100, 110], busy: [99, 99, 99] };

describe('the report of bench:api', () => {
  it('has the medians of the rounds, and tells whether the lowest ratio reaches the target', () => {
    const comparisons = [
      { migration: '0001', endpoint: '`GET`', bare: [900, 2_000, 1_000], api: [700, 800, 100] },
      { migration: '0006', endpoint: '`GET`', bare: [1_000], api: [600] },
    ];
    expect(benchApiReport({ comparisons, polling, machine })).toBe(
      [
        '| stage | request | bare, answers/s | API, answers/s | ratio |',
        '| ----- | ------: | --------------: | -------------: | ----: |',
        '| 0001  |   `GET` |           1,000 |            700 |  0.70 |',
        '| 0006  |   `GET` |           1,000 |            600 |  0.60 |',
        '',
        'Lowest ratio: 0.60; wanted: 0.6 (reached).',
        '',
        'Answers/s with one poll of the active column per second: 100 (90 to 110); with 100: 99 (99 to 99).',
        '',
        'Machine: 2 cores (Processor), 8 GB of memory, linux, Node 24.1.0. PostgreSQL 18.4.',
      ].join('\n'),
    );
  });

  it('reports a lowest ratio below the target', () => {
    const comparisons = [{ migration: '0001', endpoint: '`GET`', bare: [1_000], api: [599] }];
    expect(benchApiReport({ comparisons, polling, machine })).toContain('wanted: 0.6 (not reached)');
  });
});
