import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';

/** The durations are those of the last one to two parts of the window: the oldest part is forgotten as a whole. */
const PART_MS = 10_000;
const MICROSECONDS_PER_SECOND = 1_000_000;
const LONGEST_MICROSECONDS = 3_600 * MICROSECONDS_PER_SECOND;
/** Digits of a duration that are kept; each more costs ten times the memory. */
const FIGURES = 2;

/** Quantiles of durations that are not older than 10 to 20 seconds. */
export class RecentDurations {
  #current = newHistogram();
  #previous = newHistogram();
  #began = performance.now();

  /** How many there are. */
  get count(): number {
    this.#forget();
    return this.#current.count + this.#previous.count;
  }

  /** Takes one in; it costs less than a microsecond. */
  observe(seconds: number): void {
    this.#forget();
    this.#current.record(Math.max(1, Math.round(seconds * MICROSECONDS_PER_SECOND)));
  }

  /**
   * @param quantile from 0 to 1
   * @returns seconds that so great a share of them took at most; 0 where there are none
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
