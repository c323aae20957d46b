const FIRST_BATCH_ROWS = 1_000;
const SMALLEST_BATCH_ROWS = 500;
const LARGEST_BATCH_ROWS = 50_000;
/** Faster growth overshoots the target, because a batch after a checkpoint or a cache miss takes far longer. */
const LARGEST_GROWTH = 1.2;
const SHRINKING_ON_TIMEOUT = 0.5;
/** Weight of the newest batch in the average. */
const SMOOTHING = 0.3;

/**
 * Chooses how many rows a batch takes, so that batches last as long as they should: a batch holds its rows' locks for that
 * long, so it is the longest that a write of the application waits for it.
 */
export class Pace {
  /** How long a batch is to last, in milliseconds. */
  targetMs: number;
  #rows = FIRST_BATCH_ROWS;
  #msPerRow: number | undefined;

  /** @param targetMs how long a batch is to last, in milliseconds */
  constructor(targetMs: number) {
    this.targetMs = targetMs;
  }

  /** Rows for the next batch. */
  get batchRows(): number {
    return Math.round(this.#rows);
  }

  /**
   * Learns from a batch: towards the target, in steps of a fifth at most; by half at once where it took twice as long.
   * @param milliseconds how long it lasted, from begin to commit
   */
  observe(milliseconds: number): void {
    const msPerRow = milliseconds / this.#rows;
    const average = this.#msPerRow ?? msPerRow;
    this.#msPerRow = average + SMOOTHING * (msPerRow - average);
    if (milliseconds > 2 * this.targetMs) {
      this.shrink();
      return;
    }
    const wanted = this.targetMs / (this.#msPerRow * this.#rows);
    this.#resize(Math.min(LARGEST_GROWTH, Math.max(1 / LARGEST_GROWTH, wanted)));
  }

  /** A batch ran into a timeout: half as many rows. */
  shrink(): void {
    this.#resize(SHRINKING_ON_TIMEOUT);
  }

  #resize(factor: number): void {
    this.#rows = Math.min(LARGEST_BATCH_ROWS, Math.max(SMALLEST_BATCH_ROWS, this.#rows * factor));
  }
}
