import { expect, it } from '@jest/globals';
import { matrixTable } from './matrix-table.ts';

it('shows one line for each major, under headings', () => {
  const suite = { passed: 1204, failed: 0, skipped: 12, seconds: 431.26, isGood: true };
  const table = matrixTable([
    { major: 14, server: '14.23', suite },
    { major: 18, server: '18.4', suite: { ...suite, passed: 1203, failed: 1, seconds: 9, isGood: false } },
  ]);
  expect(table.split('\n')).toEqual([
    'major  server  passed  failed  skipped  seconds',
    '   14   14.23    1204       0       12    431.3',
    '   18    18.4    1203       1       12      9.0',
  ]);
});
