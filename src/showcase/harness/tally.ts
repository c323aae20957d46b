import { createHistogram } from 'node:perf_hooks';

const MICROSECONDS_PER_MS = 1_000;
/** Number of failures kept with their texts. */
const KEPT_FAILURES = 5;

/** Summary of a step's requests. Latencies are in milliseconds, from the start of a request to its complete answer. */
export interface Summary {
  readonly requests: number;
  readonly failed: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** Counts the requests that start in one step, including those that end later. */
export class Tally {
  readonly #microseconds = createHistogram();
  readonly #open = new Set<Promise<void>>();
  readonly #failures: string[] = [];
  #failed = 0;

  /** The first failures, one line each. */
  get failures(): readonly string[] {
    return this.#failures;
  }

  /**
   * Runs and counts a request. If it throws, it counts as failed.
   *
   * @param began when it was due, by `performance.now()`
   */
  async count(request: () => Promise<void>, began = performance.now()): Promise<void> {
    const counted = this.#measure(request, began);
    this.#open.add(counted);
    await counted;
    this.#open.delete(counted);
  }

  /** Resolves when every started request has ended. */
  async settled(): Promise<void> {
    await Promise.all(this.#open);
  }

  /** Adds the requests of another tally. */
  add(other: Tally): void {
    this.#microseconds.add(other.#microseconds);
    this.#failed += other.#failed;
  }

  /** The requests that have ended so far. */
  summary(): Summary {
    const { count } = this.#microseconds;
    const milliseconds = (value: number) => (count === 0 ? 0 : value / MICROSECONDS_PER_MS);
    return {
      requests: count,
      failed: this.#failed,
      p50Ms: milliseconds(this.#microseconds.percentile(50)),
      p99Ms: milliseconds(this.#microseconds.percentile(99)),
      maxMs: milliseconds(this.#microseconds.max),
    };
  }

  async #measure(request: () => Promise<void>, began: number): Promise<void> {
    try {
      await request();
    } catch (error) {
      this.#failed += 1;
      if (this.#failures.length < KEPT_FAILURES) this.#failures.push((error as Error).message);
    }
    const elapsedMs = performance.now() - began;
    this.#microseconds.record(Math.max(1, Math.round(elapsedMs * MICROSECONDS_PER_MS)));
  }
}
