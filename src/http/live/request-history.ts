import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import type { AnsweredRequest, RequestObserver } from '../request-record.ts';

/** Length of the history, in seconds. */
const KEPT_SECONDS = 300;
const MICROSECONDS_PER_SECOND = 1_000_000;
const MICROSECONDS_PER_MS = 1_000;
const LONGEST_MICROSECONDS = 3_600 * MICROSECONDS_PER_SECOND;

/** The requests to the features that were answered within one second. */
export interface RequestSecond {
  /** The second, since 1970. */
  readonly at: number;
  /** All requests, including failed ones. */
  readonly requests: number;
  /** Requests that failed, except by the client's fault. */
  readonly failed: number;
  /** Milliseconds; null if there was no request. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

/** This process's requests in the last five minutes, per second. */
export class RequestHistory implements RequestObserver {
  readonly #workRoutes: ReadonlySet<string>;
  readonly #now: () => number;
  readonly #seconds: RequestSecond[] = [];
  readonly #durations: RecordableHistogram = createHistogram({
    lowest: 1,
    highest: LONGEST_MICROSECONDS,
    figures: 2,
  });
  #at: number;
  #failed = 0;

  /**
   * @param workRoutes patterns of the features' routes; other requests are not counted
   * @param now milliseconds since 1970. Must be monotonic: a clock set back would put many requests into one second
   */
  constructor(workRoutes: Iterable<string>, now: () => number = steadyClock) {
    this.#workRoutes = new Set(workRoutes);
    this.#now = now;
    this.#at = this.#thisSecond();
  }

  /** Adds an answered request. */
  observe({ route = '', status, seconds }: AnsweredRequest): void {
    if (!this.#workRoutes.has(route)) return;
    this.#close();
    this.#durations.record(Math.max(1, Math.round(seconds * MICROSECONDS_PER_SECOND)));
    if (status >= 500) this.#failed += 1;
  }

  /** The completed seconds, oldest first. */
  get seconds(): readonly RequestSecond[] {
    this.#close();
    return this.#seconds;
  }

  /** Closes the completed seconds. All but the first had no request. */
  #close(): void {
    const now = this.#thisSecond();
    if (now <= this.#at) return;
    this.#seconds.push(this.#summary());
    this.#durations.reset();
    this.#failed = 0;
    for (this.#at = Math.max(this.#at + 1, now - KEPT_SECONDS); this.#at < now; this.#at++) {
      this.#seconds.push(this.#summary());
    }
    this.#seconds.splice(0, this.#seconds.length - KEPT_SECONDS);
  }

  #summary(): RequestSecond {
    const { count } = this.#durations;
    const quantile = (percent: number) =>
      count === 0 ? null : this.#durations.percentile(percent) / MICROSECONDS_PER_MS;
    return { at: this.#at, requests: count, failed: this.#failed, p50Ms: quantile(50), p99Ms: quantile(99) };
  }

  #thisSecond(): number {
    return Math.floor(this.#now() / 1_000);
  }
}

function steadyClock(): number {
  return performance.timeOrigin + performance.now();
}
