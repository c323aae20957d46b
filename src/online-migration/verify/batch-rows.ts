const LARGEST_BATCH_ROWS = 20_000;
/** Batches reach the largest size within a dozen steps, and shrink at once. */
const LARGEST_GROWTH = 2;

/**
 * Computes the number of rows of the next batch when a whole table is read.
 * @param rows number of rows of the previous batch
 * @param milliseconds duration of the previous batch
 * @param targetMs target duration of a batch, in milliseconds
 */
export function nextBatchRows(rows: number, milliseconds: number, targetMs: number): number {
  const wanted = rows * Math.min(LARGEST_GROWTH, targetMs / Math.max(milliseconds, 1));
  return Math.max(1, Math.min(LARGEST_BATCH_ROWS, Math.floor(wanted)));
}
