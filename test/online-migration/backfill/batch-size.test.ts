import { describe, expect, it } from '@jest/globals';
import { BatchSize, BatchSizes } from '../../../src/online-migration/backfill/throttle/batch-size.ts';
import { STRIPES } from '../../../src/online-migration/backfill/plan/stripes.ts';

const TARGET_MS = 100;

/** Lets a batch size choose batches of a table whose rows take so long; returns the batches' rows, in their order. */
function batches(
  batchSize: BatchSize,
  count: number,
  cost: (stripe: number) => number,
  stripe = 1,
): number[] {
  return Array.from({ length: count }, () => {
    const rows = batchSize.batchRows(stripe);
    batchSize.observe(stripe, rows, rows * cost(stripe));
    return rows;
  });
}

/** A row of the first stripe takes twice as long. */
function msPerRow(stripe: number): number {
  return stripe === 0 ? 0.02 : 0.01;
}

/** How each number relates to the one before. */
function steps(numbers: number[]): number[] {
  return numbers.slice(1).map((number, index) => number / numbers[index]!);
}

describe('the batch size of a backfill', () => {
  it('grows by a fifth at most, until batches last as long as they should', () => {
    const rows = batches(new BatchSize(TARGET_MS), 40, () => 0.01);
    expect(Math.max(...steps(rows))).toBeLessThan(1.201);
    expect(rows[1]! / rows[0]!).toBeGreaterThan(1.19);
    expect(rows.at(-1)).toBe(10_000);
  });

  it('halves a batch that took more than twice as long, and one that ran into a timeout', () => {
    const batchSize = new BatchSize(TARGET_MS);
    batches(batchSize, 40, () => 0.01);
    batchSize.observe(1, 10_000, 201);
    expect(batchSize.rows).toBe(5_000);
    batchSize.shrink();
    expect(batchSize.rows).toBe(2_500);
  });

  it('leaves as much room as batches are off their average', () => {
    const batchSize = new BatchSize(TARGET_MS);
    let batch = 0;
    const rows = batches(batchSize, 60, () => (batch++ % 2 === 0 ? 0.005 : 0.015));
    // With the average alone they would take half as long again as they should.
    const longerMs = rows.filter((_, index) => index % 2 === 1).map((count) => count * 0.015);
    expect(Math.max(...longerMs)).toBeLessThan(TARGET_MS);
    expect(longerMs.at(-1)).toBeGreaterThan(0.5 * TARGET_MS);
  });

  it('stays between one row, for which a batch takes one block, and 50,000 rows', () => {
    expect(batches(new BatchSize(TARGET_MS), 60, () => 1_000).at(-1)).toBe(1);
    expect(batches(new BatchSize(TARGET_MS), 60, () => 0.000_1).at(-1)).toBe(50_000);
  });

  it('follows a target that is changed while it runs', () => {
    const batchSize = new BatchSize(TARGET_MS);
    batches(batchSize, 40, () => 0.01);
    batchSize.targetMs = 20;
    expect(batches(batchSize, 1, () => 0.01)).toEqual([2_000]);
  });

  it('knows that a stripe is dearer as soon as it comes back to it', () => {
    const batchSize = new BatchSize(TARGET_MS);
    for (let range = 0; range < 3; range++) {
      for (let stripe = 0; stripe < STRIPES; stripe++) batches(batchSize, 10, msPerRow, stripe);
    }
    expect(batches(batchSize, 1, msPerRow, STRIPES - 1)).toEqual([10_000]);
    expect(batches(batchSize, 1, msPerRow, 0)).toEqual([5_000]);
  });
});

describe('the batch sizes of leaves', () => {
  it.each([
    [100, 1_000],
    [1_000, 1_000],
    [1_500, 500],
    [30_000, 1_000 / 32],
    [10_000_000, 1],
  ])('begin with 1,000 rows or 1 MiB: rows of %i bytes', (bytes, rows) => {
    expect(new BatchSizes(TARGET_MS).forRows(bytes).batchRows(0)).toBe(Math.round(rows));
  });

  it('learn from rows of about the same width alone', () => {
    const batchSizes = new BatchSizes(TARGET_MS);
    batches(batchSizes.forRows(100), 40, () => 0.01);
    expect(batchSizes.forRows(800).rows).toBe(10_000);
    expect(batchSizes.forRows(30_000).rows).toBe(31);
    batches(batchSizes.forRows(30_000), 40, () => 10);
    expect([batchSizes.rows, batchSizes.forRows(100).rows]).toEqual([10, 10_000]);
  });

  it('have one target', () => {
    const batchSizes = new BatchSizes(TARGET_MS);
    const wide = batchSizes.forRows(30_000);
    batches(wide, 40, () => 1);
    batchSizes.targetMs = 20;
    expect([batches(wide, 1, () => 1), batchSizes.forRows(9_000_000).targetMs]).toEqual([[20], 20]);
  });
});
