import { describe, expect, it } from '@jest/globals';
import { comparison } from '../../../src/commands/demo/report.ts';

const step = {
  name: '0003 backfill',
  seconds: 1_234.567,
  requests: 12_345_678,
  failed: 0,
  p50Ms: 1.234,
  p99Ms: 12.345,
  maxMs: 9_999.999,
};

describe('the report of the demo', () => {
  it('has both ways side by side', () => {
    expect(comparison(step, { ...step, failed: 7 }).split('\n')).toEqual([
      'Safe against risky               safe      risky',
      'seconds                       1234.57    1234.57',
      'requests                   12,345,678 12,345,678',
      'failed                              0          7',
      'p50 ms                            1.2        1.2',
      'p99 ms                           12.3       12.3',
      'longest ms                    10000.0    10000.0',
    ]);
  });
});
