import { countBusySessions, NiceRatio } from '../backfill/throttle/nice-ratio.ts';
import type { ColumnChange } from '../change/column-change.ts';
import type { Emit } from '../change/events.ts';
import { changeNamesOf } from '../change/names.ts';
import { pause } from '../postgres/pause.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { readControls } from '../state/backfill-controls.ts';

/** Target duration of a batch, because a write of one of its rows waits for it. */
const BATCH_MS = 100;
const PAUSED_MS = 250;
/** Interval between two counts of busy sessions. */
const COUNT_MS = 250;

/** When the sessions of a proof pause, and how much they rest beside other busy sessions. */
export class ProofPace {
  readonly #change: string;
  readonly #emit: Emit;
  readonly #nice = new NiceRatio();
  #countedAt = Number.NEGATIVE_INFINITY;
  #isPaused = false;

  /** @param emit receives an event when the sessions pause, and when they continue */
  constructor(change: ColumnChange, emit: Emit) {
    this.#change = changeNamesOf(change).change;
    this.#emit = emit;
  }

  /** Target duration of a batch, in milliseconds. */
  get batchMs(): number {
    return this.#nice.shorten(BATCH_MS);
  }

  /** Waits while the backfill's controls say `paused`. */
  async waitWhilePaused(database: Queryable, signal: AbortSignal): Promise<void> {
    while (await this.#readPaused(database)) await pause(PAUSED_MS, signal);
  }

  /** Rests after a batch. */
  async rest(database: Queryable, batchMs: number, signal: AbortSignal): Promise<void> {
    if (performance.now() - this.#countedAt > COUNT_MS) {
      this.#countedAt = performance.now();
      this.#nice.observe(await countBusySessions(database));
    }
    const restMs = this.#nice.takeRest(Math.min(batchMs, this.batchMs));
    if (restMs > 0) await pause(restMs, signal);
  }

  async #readPaused(database: Queryable): Promise<boolean> {
    const { paused } = await readControls(database, this.#change);
    if (paused !== this.#isPaused) {
      this.#isPaused = paused;
      this.#emit(
        paused
          ? {
              type: 'comparison-paused',
              change: this.#change,
              message: 'comparison of the columns: paused by hand',
            }
          : {
              type: 'comparison-resumed',
              change: this.#change,
              message: 'comparison of the columns: continues',
            },
      );
    }
    return paused;
  }
}
