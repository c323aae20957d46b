import {
  type ColumnChange,
  describeDatabaseError,
  type Observer,
  OnlineMigrationError,
  openObserver,
  type Overview,
  readOverview,
} from 'online-migration';
import { setTimeout as delay } from 'node:timers/promises';
import type { ClientConfig } from 'pg';
import type { RequestHistory, RequestSecond } from './request-history.ts';

const INTERVAL_MS = 1_000;

/** One sample per second for the page. It omits the SQL of other sessions, which not every visitor may see. */
export interface Sample {
  /** Null if the database could not be read; `problem` contains the reason. */
  readonly overview: Overview | null;
  readonly problem: string | null;
  /** The seconds since the last sample that this page accepted, oldest first. */
  readonly seconds: readonly RequestSecond[];
}

/** The result of one read of the database. */
type Look = Pick<Sample, 'overview' | 'problem'>;

const NO_CHANGE: Look = { overview: null, problem: 'No feature of the application has a column change.' };

/** SQLSTATEs of the server's condition. Their messages name no role, database or host. */
const OF_SERVER = /^(25|40|53|55|57|58)/;

/** Settings of the sampler. */
export interface SamplerOptions {
  /** The observed change; undefined if the application follows none. */
  readonly change: ColumnChange | undefined;
  /** Connection settings, read for each connection. */
  readonly connection: () => ClientConfig;
  readonly history: RequestHistory;
}

/**
 * Reads the column change once a second on one connection for all open pages. Without an open page, it neither reads
 * nor holds a connection.
 */
export class Sampler implements AsyncDisposable {
  readonly #options: SamplerOptions;
  readonly #pages = new Set<(sample: Sample) => void>();
  readonly #ended = new AbortController();
  #sampling: Promise<void> | undefined;
  #latest: Look = { overview: null, problem: null };

  constructor(options: SamplerOptions) {
    this.#options = options;
  }

  /**
   * Subscribes a page to the samples. The first sample contains all stored seconds.
   *
   * @param tell returns whether the page accepted the sample; the seconds of a skipped sample are in the next one
   * @returns a function that ends the subscription
   */
  subscribe(tell: (sample: Sample) => boolean): () => void {
    let toldUpTo = 0;
    const page = (sample: Sample) => {
      const seconds = sample.seconds.filter(({ at }) => at > toldUpTo);
      if (tell({ ...sample, seconds })) toldUpTo = seconds.at(-1)?.at ?? toldUpTo;
    };
    this.#pages.add(page);
    if (this.#sampling === undefined) this.#sampling = this.#sample();
    else page(this.#newest());
    return () => this.#pages.delete(page);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort();
    await this.#sampling;
  }

  async #sample(): Promise<void> {
    try {
      const { change } = this.#options;
      while (this.#isWatched()) {
        if (change === undefined) await this.#tell(NO_CHANGE);
        else await this.#sampleOnOneConnection(change);
      }
    } finally {
      this.#sampling = undefined;
    }
  }

  async #sampleOnOneConnection(change: ColumnChange): Promise<void> {
    try {
      await using observer = await openObserver(this.#options.connection());
      await refuseStandby(observer);
      while (this.#isWatched()) await this.#tell(await this.#look(observer, change));
    } catch (error) {
      await this.#tell({
        overview: null,
        problem: `The database does not answer: ${publicReason(error)}.`,
      });
    }
  }

  /** @throws if the connection is no longer usable */
  async #look(observer: Observer, change: ColumnChange): Promise<Look> {
    try {
      return { overview: await readOverview(observer, change), problem: null };
    } catch (error) {
      if (!(error instanceof OnlineMigrationError)) throw error;
      return { overview: null, problem: error.message };
    }
  }

  async #tell(latest: Look): Promise<void> {
    this.#latest = latest;
    const sample = this.#newest();
    for (const page of this.#pages) page(sample);
    await delay(INTERVAL_MS, undefined, { signal: this.#ended.signal }).catch(() => undefined);
  }

  #newest(): Sample {
    return { ...this.#latest, seconds: this.#options.history.seconds };
  }

  #isWatched(): boolean {
    return this.#pages.size > 0 && !this.#ended.signal.aborted;
  }
}

/** A standby shows only its own locks and processes. The next try uses the next server, if there is one. */
async function refuseStandby(observer: Observer): Promise<void> {
  const { rows } = await observer.query<{ standby: boolean }>(`select pg_is_in_recovery() as standby`);
  if (rows[0]?.standby) throw new Error('this server is a standby');
}

/** The reason of a failure without names that not every visitor may see. */
function publicReason(error: unknown): string {
  // The package's own error names the database and its host.
  const reason = error instanceof OnlineMigrationError ? error.cause : error;
  const code = reason instanceof Error && 'code' in reason ? String(reason.code) : '';
  if (OF_SERVER.test(code)) return describeDatabaseError(reason);
  return code === '' ? 'the connection was lost' : code;
}
