const FIRST_BATCH_ROWS = 1_000;
/** Approximate size of the rows of a first batch. */
const FIRST_BATCH_BYTES = 1024 * 1024;
/** A batch takes one block of a stripe at least, however few rows that are. */
const SMALLEST_BATCH_ROWS = 1;
const LARGEST_BATCH_ROWS = 50_000;
/** Faster growth overshoots the target, because a batch after a checkpoint or a cache miss takes far longer. */
const LARGEST_GROWTH = 1.2;
const SHRINKING_ON_TIMEOUT = 0.5;
/** Weight of the newest batch in the averages. */
const SMOOTHING = 0.3;

/** How many times as far off the average as usual a batch may be, and still not last too long. */
const ROOM = 2;

/** What a row takes, in milliseconds. */
interface Cost {
  msPerRow: number;
  /** How far a batch is off that, up or down. */
  deviation: number;
}

/**
 * Chooses how many rows a batch takes, so that batches last as long as they should: a batch holds its rows' locks for that
 * long, so it is the longest that a write of the application waits for it.
 *
 * 1. Each stripe has moving averages of its own, of what a row takes and of how far batches are off that: a row of the first
 *    one is dearer, because it moves to another page. A batch is to last as long as it should where it is off by twice as
 *    much as usual. (Aimed at the average alone, the longest of a thousand batches took twice as long.)
 * 2. From one batch to the next, the rows grow by a fifth at most; they shrink at once to what the averages say.
 * 3. A batch that took twice as long as it should, or ran into a timeout, halves them.
 */
export class BatchSize {
  /** How long a batch is to last, in milliseconds. */
  targetMs: number;
  /** Whether people know that the smallest batch lasts too long. */
  isTooLongLogged = false;
  #rows: number;
  /** By stripe. */
  readonly #costs: Cost[] = [];

  /**
   * @param targetMs how long a batch is to last, in milliseconds
   * @param firstRows rows of the first batch
   */
  constructor(targetMs: number, firstRows = FIRST_BATCH_ROWS) {
    this.targetMs = targetMs;
    this.#rows = firstRows;
  }

  /** Rows of the newest batch. */
  get rows(): number {
    return Math.round(this.#rows);
  }

  /** Rows for the next batch of a stripe. */
  batchRows(stripe: number): number {
    const cost = this.#costs[stripe];
    const wanted = cost === undefined ? this.#rows : this.targetMs / (cost.msPerRow + ROOM * cost.deviation);
    this.#resize(Math.min(wanted, this.#rows * LARGEST_GROWTH));
    return this.rows;
  }

  /**
   * Learns from a batch.
   * @param rows how many it was to have
   * @param milliseconds how long it lasted, from begin to commit
   */
  observe(stripe: number, rows: number, milliseconds: number): void {
    const msPerRow = milliseconds / rows;
    const cost = (this.#costs[stripe] ??= { msPerRow, deviation: 0 });
    const difference = msPerRow - cost.msPerRow;
    cost.msPerRow += SMOOTHING * difference;
    cost.deviation += SMOOTHING * (Math.abs(difference) - cost.deviation);
    if (milliseconds > 2 * this.targetMs) this.shrink();
  }

  /** A batch ran into a timeout: half as many rows. */
  shrink(): void {
    this.#resize(this.#rows * SHRINKING_ON_TIMEOUT);
  }

  #resize(rows: number): void {
    this.#rows = Math.min(LARGEST_BATCH_ROWS, Math.max(SMALLEST_BATCH_ROWS, rows));
  }
}

/**
 * The batch sizes of one process: leaves with rows of similar width share one. With the batch size for narrow rows, a batch of wide ones would
 * last for minutes.
 */
export class BatchSizes {
  readonly #byWidth = new Map<number, BatchSize>();
  #targetMs: number;
  #newest: BatchSize;

  /** @param targetMs how long a batch is to last, in milliseconds */
  constructor(targetMs: number) {
    this.#targetMs = targetMs;
    this.#newest = this.forRows(0);
  }

  /** How long a batch is to last, in milliseconds. */
  get targetMs(): number {
    return this.#targetMs;
  }

  set targetMs(milliseconds: number) {
    this.#targetMs = milliseconds;
    for (const batchSize of this.#byWidth.values()) batchSize.targetMs = milliseconds;
  }

  /** Rows of the newest batch. */
  get rows(): number {
    return this.#newest.rows;
  }

  /**
   * The batch size for rows of a width. Rows of up to 1 KiB are narrow; from there on, each doubling has a batch size of its own.
   * @param bytes of a row, on average, including TOAST
   */
  forRows(bytes: number): BatchSize {
    const doublings = Math.max(0, Math.ceil(Math.log2((bytes * FIRST_BATCH_ROWS) / FIRST_BATCH_BYTES)));
    const batchSize =
      this.#byWidth.get(doublings) ??
      new BatchSize(this.#targetMs, Math.max(SMALLEST_BATCH_ROWS, FIRST_BATCH_ROWS / 2 ** doublings));
    this.#byWidth.set(doublings, batchSize);
    this.#newest = batchSize;
    return batchSize;
  }
}
