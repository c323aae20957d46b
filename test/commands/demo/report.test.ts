import { describe, expect, it } from '@jest/globals';
import { comparison } from '../../../src/commands/demo/report.ts';
import { measuredStep as step } from '../measured-step.ts';

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
