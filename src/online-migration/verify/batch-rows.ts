const LARGEST_BATCH_ROWS = 20_000;
/** Batches grow to the largest one within a dozen steps, and shrink at once. */
const LARGEST_GROWTH = 2;

/**
 * The number of rows of the next batch of a reading that goes through a whole table.
 * @param rows of the batch before
 * @param milliseconds how long that batch lasted
 * @param targetMs how long a batch should last, in milliseconds
 */
export function nextBatchRows(rows: number, milliseconds: number, targetMs: number): number {
  const wanted = rows * Math.min(LARGEST_GROWTH, targetMs / Math.max(milliseconds, 1));
  return Math.max(1, Math.min(LARGEST_BATCH_ROWS, Math.floor(wanted)));
}
