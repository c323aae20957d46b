/** A batch holds its rows' locks for this long, so it is the longest that a write of the application waits for it. */
const TARGET_BATCH_MS = 100;
const FIRST_BATCH_ROWS = 2_000;
const SMALLEST_BATCH_ROWS = 500;
const LARGEST_BATCH_ROWS = 50_000;
/** Faster growth overshoots the target, because a batch after a checkpoint or a cache miss takes far longer. */
const LARGEST_GROWTH = 1.2;
const LARGEST_SHRINKING = 0.5;

/** Chooses how many rows the next batch takes, so that batches last as long as they should and not longer. */
export class Pace {
  #batchRows = FIRST_BATCH_ROWS;

  /** Rows for the next batch. */
  get batchRows(): number {
    return Math.round(this.#batchRows);
  }

  /**
   * Learns from a batch.
   * @param milliseconds how long it lasted, from begin to commit
   */
  observe(milliseconds: number): void {
    const wanted = TARGET_BATCH_MS / Math.max(milliseconds, 1);
    const factor = Math.min(LARGEST_GROWTH, Math.max(LARGEST_SHRINKING, wanted));
    this.#batchRows = Math.min(LARGEST_BATCH_ROWS, Math.max(SMALLEST_BATCH_ROWS, this.#batchRows * factor));
  }
}
