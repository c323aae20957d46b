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

/** What a page is told each second. What other sessions' statements say is not for everyone who sees the page. */
export interface Sample {
  /** Null where the database could not be read; `problem` says why. */
  readonly overview: Overview | null;
  readonly problem: string | null;
  /** Seconds that no earlier sample had which the same page took, the oldest first. */
  readonly seconds: readonly RequestSecond[];
}

/** What one look at the database finds. */
type Look = Pick<Sample, 'overview' | 'problem'>;

const NO_CHANGE: Look = { overview: null, problem: 'No feature of the application has a column change.' };

/** What the sampler is made of. */
export interface SamplerOptions {
  /** The change to look at; undefined if the application follows none. */
  readonly change: ColumnChange | undefined;
  /** Where to connect, asked anew each time. */
  readonly connection: () => ClientConfig;
  readonly history: RequestHistory;
}

/**
 * Looks at the column change once a second, on one connection, for however many pages are open; for none it does not
 * look, and holds no connection.
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
   * Tells a page of every sample from now on. The first one, with all seconds that are kept, comes as soon as it is there.
   *
   * @param tell returns whether the page took the sample; the next one has the seconds of one that it left
   * @returns ends that
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
        problem: `The database does not answer: ${describeDatabaseError(error)}.`,
      });
    }
  }

  /** @throws where the connection is of no use any more */
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

/** A standby shows nobody's locks and processes but its own; the next try goes to the next server, where there is one. */
async function refuseStandby(observer: Observer): Promise<void> {
  const { rows } = await observer.query<{ standby: boolean }>(`select pg_is_in_recovery() as standby`);
  if (rows[0]?.standby) throw new Error('this server is a standby');
}
