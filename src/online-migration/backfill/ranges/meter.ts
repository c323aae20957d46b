import type { BackfillProgressed } from '../../change/events.ts';

/** Rates cover the last seconds, so that they show the effect of the batch size and the throttles. */
const WINDOW_MS = 10_000;
/** From this share of the blocks on, they estimate the number of rows better than the catalog. */
const SHARE_THAT_TELLS = 0.1;

interface Sample {
  readonly at: number;
  readonly rows: number;
  readonly share: number;
}

/** Counts finished work, and derives the rate and the time left. */
export class Meter {
  readonly #change: string;
  readonly #rowsTotal: number;
  readonly #blocksTotal: number;
  readonly #samples: Sample[] = [];
  #rowsDone: number;
  #blocksDone: number;
  #batches = 0;
  #longestBatchMs = 0;

  /**
   * @param change the name of the column change
   * @param start the progress of earlier runs, and the total
   */
  constructor(
    change: string,
    start: { rowsDone: number; rowsTotal: number; blocksDone: number; blocksTotal: number },
  ) {
    this.#change = change;
    this.#rowsDone = start.rowsDone;
    this.#rowsTotal = start.rowsTotal;
    this.#blocksDone = start.blocksDone;
    this.#blocksTotal = start.blocksTotal;
    this.#sample();
  }

  get rowsDone(): number {
    return this.#rowsDone;
  }

  get batches(): number {
    return this.#batches;
  }

  /** Longest transaction that held rows, also of the sweep, and also if it was rolled back. */
  get longestBatchMs(): number {
    return this.#longestBatchMs;
  }

  /**
   * Counts a batch.
   * @param batch.blocks blocks finished by it
   * @param batch.milliseconds its duration
   */
  count(batch: { readonly rows: number; readonly blocks: number; readonly milliseconds: number }): void {
    this.#rowsDone += batch.rows;
    this.#blocksDone += batch.blocks;
    this.#batches += 1;
    this.#longestBatchMs = Math.max(this.#longestBatchMs, batch.milliseconds);
  }

  /**
   * Counts a transaction that holds rows and is not a finished batch of a range.
   * @param milliseconds its duration
   */
  countOther(milliseconds: number): void {
    this.#longestBatchMs = Math.max(this.#longestBatchMs, milliseconds);
  }

  /** Takes over the total of all workers, if they are other processes. */
  follow(done: { readonly rowsDone: number; readonly blocksDone: number }): void {
    this.#rowsDone = done.rowsDone;
    this.#blocksDone = done.blocksDone;
  }

  /** The current progress. */
  progress(batchRows: number | null, pausedFor: string | null): BackfillProgressed {
    const now = this.#sample();
    const first = this.#samples[0] ?? now;
    const seconds = (now.at - first.at) / 1000;
    const sharePerSecond = seconds === 0 ? 0 : (now.share - first.share) / seconds;
    return {
      type: 'backfill-progress',
      change: this.#change,
      rowsDone: this.#rowsDone,
      rowsTotal: this.#estimateTotal(now.share),
      percent: 100 * now.share,
      rowsPerSecond: seconds === 0 ? 0 : (now.rows - first.rows) / seconds,
      secondsLeft: sharePerSecond === 0 ? null : (1 - now.share) / sharePerSecond,
      batchRows,
      pausedFor,
    };
  }

  /** The catalog's estimate, until enough blocks are finished. */
  #estimateTotal(share: number): number {
    const total = share < SHARE_THAT_TELLS ? this.#rowsTotal : this.#rowsDone / share;
    return Math.max(Math.round(total), this.#rowsDone);
  }

  #sample(): Sample {
    const share = this.#blocksTotal === 0 ? 1 : this.#blocksDone / this.#blocksTotal;
    const sample = { at: performance.now(), rows: this.#rowsDone, share };
    this.#samples.push(sample);
    while (this.#samples.length > 2 && sample.at - this.#samples[0]!.at > WINDOW_MS) this.#samples.shift();
    return sample;
  }
}
