const FIRST_BATCH_ROWS = 1_000;
/** The sweep knows nothing about the width of its rows. */
const FIRST_SWEEP_ROWS = 50;
/** Approximate size of the rows of a first batch. */
const FIRST_BATCH_BYTES = 1024 * 1024;
/** A batch takes at least one block of a stripe, however few rows that has. */
const SMALLEST_BATCH_ROWS = 1;
const LARGEST_BATCH_ROWS = 50_000;
/** Faster growth overshoots the target, because a batch after a checkpoint or a cache miss takes far longer. */
const LARGEST_GROWTH = 1.2;
const SHRINKING_ON_TIMEOUT = 0.5;
/** Weight of the newest batch in the averages. */
const SMOOTHING = 0.3;

/** A batch may deviate from the average by this multiple of the usual deviation and still be within the target. */
const ROOM = 3;

/** Duration per row, in milliseconds. */
interface Cost {
  msPerRow: number;
  /** Average deviation of a batch from that duration, up or down. */
  deviation: number;
}

/**
 * Chooses the number of rows of a batch to reach a target duration. A batch locks its rows for that long, so the
 * target is the longest wait of the application's writes.
 *
 * 1. Each stripe has its own moving averages of the duration per row and of its deviation. A row of the first stripe
 *    takes longer, because it moves to another page. A batch with three times the usual deviation should still meet the
 *    target. (When only the average met it, the longest of a thousand batches took twice as long. Long batches wait for
 *    a processor, seldom for the disk.)
 * 2. From one batch to the next, the number of rows grows by a fifth at most. It shrinks at once.
 * 3. A batch that took twice the target, or ran into a timeout, halves the number of rows.
 */
export class BatchSize {
  /** Target duration of a batch, in milliseconds. */
  targetMs: number;
  /** Whether it was reported that even the smallest batch is too long. */
  isTooLongLogged = false;
  #rows: number;
  /** By stripe. */
  readonly #costs: Cost[] = [];

  /**
   * @param targetMs target duration of a batch, in milliseconds
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
   * Updates the averages with a batch.
   * @param rows planned number of rows
   * @param milliseconds duration from begin to commit
   */
  observe(stripe: number, rows: number, milliseconds: number): void {
    const msPerRow = milliseconds / rows;
    const cost = (this.#costs[stripe] ??= { msPerRow, deviation: 0 });
    const difference = msPerRow - cost.msPerRow;
    cost.msPerRow += SMOOTHING * difference;
    cost.deviation += SMOOTHING * (Math.abs(difference) - cost.deviation);
    if (milliseconds > 2 * this.targetMs) this.shrink();
  }

  /** A batch ran into a timeout: halve the rows. */
  shrink(): void {
    this.#resize(this.#rows * SHRINKING_ON_TIMEOUT);
  }

  #resize(rows: number): void {
    this.#rows = Math.min(LARGEST_BATCH_ROWS, Math.max(SMALLEST_BATCH_ROWS, rows));
  }
}

/**
 * The batch sizes of one process: leaves with rows of similar width share one. With the batch size for narrow rows, a
 * batch of wide rows would last for minutes.
 */
export class BatchSizes {
  /** By leaf. */
  readonly #ofSweep = new Map<string, BatchSize>();
  readonly #byWidth = new Map<number, BatchSize>();
  #targetMs: number;
  #newest: BatchSize;

  /** @param targetMs target duration of a batch, in milliseconds */
  constructor(targetMs: number) {
    this.#targetMs = targetMs;
    this.#newest = this.forRows(0);
  }

  /** Target duration of a batch, in milliseconds. */
  get targetMs(): number {
    return this.#targetMs;
  }

  set targetMs(milliseconds: number) {
    this.#targetMs = milliseconds;
    for (const batchSize of this.#byWidth.values()) batchSize.targetMs = milliseconds;
    for (const batchSize of this.#ofSweep.values()) batchSize.targetMs = milliseconds;
  }

  /** Rows of the newest batch. */
  get rows(): number {
    return this.#newest.rows;
  }

  /**
   * The batch size of the sweep.
   * @param leaf schema and name, quoted
   */
  forSweepOf(leaf: string): BatchSize {
    const batchSize = this.#ofSweep.get(leaf) ?? new BatchSize(this.#targetMs, FIRST_SWEEP_ROWS);
    this.#ofSweep.set(leaf, batchSize);
    return batchSize;
  }

  /**
   * The batch size for rows of a width. Rows of up to 1 KiB are narrow; above, each doubling has its own batch size.
   * @param bytes average size of a row, including TOAST
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
