import { expect, it } from '@jest/globals';
import { comparison } from '../../../src/showcase/demo/comparison.ts';
import { demoResult } from './demo-result.ts';

it('the comparison has the three ways side by side', () => {
  expect(comparison(demoResult).split('\n')).toEqual([
    'The three ways            safe    recipe    direct',
    'seconds                1234.57   1234.57   1234.57',
    'requests                   400       400       400',
    'failed                       0        10         0',
    'p50 ms                     1.2       1.2       1.2',
    'p99 ms                    12.3      12.3      12.3',
    'max ms                   120.0     120.0     120.0',
    'longest gap ms              31        31     1,934',
    'all gaps ms                  0         0     2,134',
    'rows written               100       100       100',
    'of these changed             0         7         0',
    'of these missing             0         0         0',
  ]);
});
