import { Histogram, type Registry, Summary } from 'prom-client';

/** Bounds of the histogram, in seconds: from a read by primary key to a request at its time limit. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/**
 * The quantiles are those of the last 10 to 20 seconds: each part of the window is kept apart, and the oldest is
 * forgotten. One more part would make the window steadier and every request dearer.
 */
const WINDOW_S = 20;
const WINDOW_PARTS = 2;

const QUANTILES = [0.5, 0.9, 0.99];

/** What took so long. */
export interface RequestDuration {
  readonly method: string;
  /** The pattern that the path matched, never the path itself: everyone could add labels without end. */
  readonly route: string | undefined;
  readonly status: number;
  readonly seconds: number;
}

/**
 * How long requests take, in two forms.
 *
 * `http_request_duration_seconds` is a histogram of all requests, which Prometheus can add up over processes and time.
 *
 * `http_request_duration_recent_seconds` is a summary of the last seconds, for whoever wants to know how this process is
 * doing now: the backfill waits while its p99 is high. So it has the requests that do the application's work alone, and
 * of these none that failed by the client's fault: a body that trickles in is slow, a refusal is fast, and neither tells
 * anything of the database.
 */
export class RequestDurations {
  readonly #all: Histogram;
  readonly #recent: Summary;
  readonly #workRoutes: ReadonlySet<string>;

  /**
   * @param registry receives both
   * @param workRoutes the patterns of the routes that do the application's work
   */
  constructor(registry: Registry, workRoutes: Iterable<string>) {
    this.#workRoutes = new Set(workRoutes);
    this.#all = new Histogram({
      name: 'http_request_duration_seconds',
      help: 'Duration of requests, from their headers to the answer.',
      labelNames: ['method', 'route', 'status'],
      buckets: BUCKETS,
      registers: [registry],
    });
    this.#recent = new Summary({
      name: 'http_request_duration_recent_seconds',
      help: `Duration of requests for records in the last ${WINDOW_S} s at most, without those that were refused.`,
      labelNames: ['method', 'route'],
      percentiles: QUANTILES,
      maxAgeSeconds: WINDOW_S,
      ageBuckets: WINDOW_PARTS,
      registers: [registry],
    });
  }

  /** Takes in a request that has been answered. */
  observe({ method, route = 'none', status, seconds }: RequestDuration): void {
    this.#all.observe({ method, route, status }, seconds);
    const isRefusal = status >= 400 && status < 500;
    if (this.#workRoutes.has(route) && !isRefusal) this.#recent.observe({ method, route }, seconds);
  }
}
