import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';

/** The window consists of two parts. The older part is discarded as a whole. */
const PART_MS = 10_000;
const MICROSECONDS_PER_SECOND = 1_000_000;
const LONGEST_MICROSECONDS = 3_600 * MICROSECONDS_PER_SECOND;
/** Significant digits of a duration. Each additional digit takes ten times the memory. */
const FIGURES = 2;

/** Quantiles of the durations of the last 10 to 20 seconds. */
export class RecentDurations {
  #current = newHistogram();
  #previous = newHistogram();
  #began = performance.now();

  /** The number of durations. */
  get count(): number {
    this.#forget();
    return this.#current.count + this.#previous.count;
  }

  /** Adds a duration. Costs less than a microsecond. */
  observe(seconds: number): void {
    this.#forget();
    this.#current.record(Math.max(1, Math.round(seconds * MICROSECONDS_PER_SECOND)));
  }

  /**
   * @param quantile from 0 to 1
   * @returns the quantile in seconds; 0 if there are no durations
   */
  quantile(quantile: number): number {
    if (this.count === 0) return 0;
    const all = newHistogram();
    all.add(this.#current);
    all.add(this.#previous);
    return all.percentile(100 * quantile) / MICROSECONDS_PER_SECOND;
  }

  #forget(): void {
    const parts = Math.floor((performance.now() - this.#began) / PART_MS);
    if (parts === 0) return;
    this.#previous = parts === 1 ? this.#current : newHistogram();
    this.#current = newHistogram();
    this.#began += parts * PART_MS;
  }
}

function newHistogram(): RecordableHistogram {
  return createHistogram({ lowest: 1, highest: LONGEST_MICROSECONDS, figures: FIGURES });
}
