import { describe, expect, it } from '@jest/globals';
import { limitOf, smallTableSentence } from '../../../src/showcase/bench-large/memory-limit.ts';

const MEGABYTE = 2 ** 20;
const QUARTER = { memoryShare: 0.25 };

describe('the memory limit of a table', () => {
  it('is its share of the table, but not less than the processes need', () => {
    expect(limitOf(0.25, 4_000 * MEGABYTE)).toBe(1_000 * MEGABYTE);
    expect(limitOf(0.25, 150 * MEGABYTE)).toBe(96 * MEGABYTE);
  });

  it('has a sentence with the least number of rows, if it is clearly above the share', () => {
    const table = { rows: 2_000_000, bytes: 150 * MEGABYTE };
    expect(smallTableSentence(QUARTER, table, limitOf(0.25, table.bytes))).toBe(
      "the limit of 96 MB, the least for the server's processes, is 0.64 of the table, not 0.25. " +
        'With 5,200,000 rows or more, it is 0.25.',
    );
  });

  it.each([
    ['a large table', QUARTER, 4_000, 1_000],
    ['a table that is hardly too small', QUARTER, 350, 96],
    ['a table without a limit', QUARTER, 150, null],
    ['a suite that wants none', { memoryShare: null }, 150, null],
  ])('has no sentence for %s', (_case, suite, megabytes, limit) => {
    const limitBytes = limit === null ? null : limit * MEGABYTE;
    expect(smallTableSentence(suite, { rows: 1_000, bytes: megabytes * MEGABYTE }, limitBytes)).toBeNull();
  });
});
