import { Histogram, type Registry } from 'prom-client';
import type { AnsweredRequest, RequestObserver } from '../request-record.ts';
import { addGauge } from './registry.ts';
import { RecentDurations } from './recent-durations.ts';

/** Bounds of the histogram, in seconds: from a read by primary key to the time limit of a request. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

const QUANTILES = [0.5, 0.9, 0.99];

/** The recent durations of one method and route. */
interface RecentRoute {
  readonly method: string;
  readonly route: string;
  readonly durations: RecentDurations;
}

/**
 * Metrics of request durations.
 *
 * `http_request_duration_seconds` is a histogram of all requests. Prometheus can sum it over processes and time.
 *
 * `http_request_duration_recent_seconds` has quantiles of the last seconds. The backfill pauses while this p99 is high.
 * It therefore counts only requests to the features, without client errors: a slow body or a fast refusal says nothing
 * about the database.
 */
export class RequestDurations implements RequestObserver {
  readonly #all: Histogram;
  readonly #recent = new Map<string, RecentRoute>();
  readonly #workRoutes: ReadonlySet<string>;

  /**
   * @param registry receives both metrics
   * @param workRoutes patterns of the features' routes
   */
  constructor(registry: Registry, workRoutes: Iterable<string>) {
    this.#workRoutes = new Set(workRoutes);
    this.#all = new Histogram({
      name: 'http_request_duration_seconds',
      help: 'Duration of requests, from the headers to the answer.',
      labelNames: ['method', 'route', 'status'],
      buckets: BUCKETS,
      registers: [registry],
    });
    this.#addRecentGauges(registry);
  }

  /** Adds an answered request. */
  observe({ method, route = 'none', status, seconds }: AnsweredRequest): void {
    this.#all.observe({ method, route, status }, seconds);
    const isRefusal = status >= 400 && status < 500;
    if (this.#workRoutes.has(route) && !isRefusal) this.#recentOf(method, route).observe(seconds);
  }

  #recentOf(method: string, route: string): RecentDurations {
    const key = `${method} ${route}`;
    let recent = this.#recent.get(key);
    if (recent === undefined) {
      recent = { method, route, durations: new RecentDurations() };
      this.#recent.set(key, recent);
    }
    return recent.durations;
  }

  #addRecentGauges(registry: Registry): void {
    const recent = this.#recent;
    addGauge(registry, {
      name: 'http_request_duration_recent_seconds',
      help: 'Duration of requests to the features in the last seconds, without client errors.',
      labelNames: ['method', 'route', 'quantile'],
      collect() {
        for (const { method, route, durations } of recent.values()) {
          for (const quantile of QUANTILES)
            this.set({ method, route, quantile }, durations.quantile(quantile));
        }
      },
    });
    addGauge(registry, {
      name: 'http_request_duration_recent_seconds_count',
      help: 'Number of these requests.',
      labelNames: ['method', 'route'],
      collect() {
        for (const { method, route, durations } of recent.values()) {
          this.set({ method, route }, durations.count);
        }
      },
    });
  }
}
