import type { Queryable } from '../../postgres/queryable.ts';

/** Weight of the newest count in the average. */
const SMOOTHING = 0.1;
/** At this average number of other busy sessions, the load counts as full. */
const BUSY_SESSIONS = 0.25;
/** At full load, a batch is shorter by this share of its duration. */
const SHORTENED_BY = 2 / 3;
/**
 * At full load, a rest is this many times as long as its batch, if the latency of the API is unknown. (On two processors that the
 * API kept half busy, at 10,000,000 rows: with 2, its p99 was 1.6 times as long as before, and the backfill took 189 s; with 1.25, 2.3
 * times and 158 s. With 1.6, at a third more load, 1.5 times and 220 s. With 0.5, its p99 was two to three times as long.)
 */
const USUAL_REST = 1.6;
/** Bounds of that multiple if the latency is known. */
const SHORTEST_REST = 0.1;
const LONGEST_REST = 4;

/** The API's p99 may become this many times as long as before the first batch. */
const GOAL = 1.7;
/** A shorter p99 is not steered: nobody notices it. */
const NOTICEABLE_MS = 10;
/** Factors of a rest from one check to the next. The p99 covers the last ten seconds or more, so they are small. */
const LONGER = 1.01;
const SHORTER = 0.995;

/**
 * Slows down when other sessions are busy on the same database: batches are shorter, and the worker rests after each.
 * If all processors of a server are busy, requests queue for them long before they wait for a lock.
 *
 * 1. Each check counts the other sessions that are busy. A moving average of the count measures the load.
 * 2. The higher the load, the shorter the batches, down to a third, and the longer the rests (gh-ost calls that the
 *    nice ratio). Both matter: during a long batch a queue grows, and a rest only empties it afterwards.
 * 3. If the API's p99 is known, it is compared with the p99 before the first batch. While it is more than 1.7 times as
 *    long, the rests become longer; otherwise they become shorter, if others are busy. They stay as they are during a
 *    pause.
 */
export class NiceRatio {
  #busySessions = 0;
  #restRatio = USUAL_REST;
  #idleP99Ms: number | null = null;
  #restedMs = 0;

  /** Milliseconds that the workers of this process have rested, added up. */
  get restedMs(): number {
    return this.#restedMs;
  }

  /** Whether other sessions are busy half of the time that counts as full load, or more. */
  get isBusy(): boolean {
    return this.#busyness >= 0.5;
  }

  /** From 0 to 1. */
  get #busyness(): number {
    return Math.min(1, this.#busySessions / BUSY_SESSIONS);
  }

  /**
   * Updates the average.
   * @param sessions number of other busy sessions
   */
  observe(sessions: number): void {
    this.#busySessions += SMOOTHING * (sessions - this.#busySessions);
  }

  /**
   * Steers the rests. The first call must come before the first batch.
   * @param p99Ms the API's p99, in milliseconds
   * @param isPaused whether no batch runs
   */
  observeLatency(p99Ms: number, isPaused: boolean): void {
    // 0 comes from an API without requests.
    if (!Number.isFinite(p99Ms) || p99Ms === 0) return;
    this.#idleP99Ms ??= p99Ms;
    const isNoticed = p99Ms > GOAL * Math.max(this.#idleP99Ms, NOTICEABLE_MS);
    // A short p99 tells nothing about batches that do not run, nor about rests that nobody needs.
    if (isPaused || (!isNoticed && !this.isBusy)) return;
    const restRatio = this.#restRatio * (isNoticed ? LONGER : SHORTER);
    this.#restRatio = Math.min(LONGEST_REST, Math.max(SHORTEST_REST, restRatio));
  }

  /**
   * The current target duration of a batch, in milliseconds.
   * @param batchMs target duration on an idle server
   */
  shorten(batchMs: number): number {
    return batchMs * (1 - SHORTENED_BY * this.#busyness);
  }

  /**
   * How long to rest after a batch, in milliseconds; counts as rested.
   * @param batchMs duration of the batch
   */
  takeRest(batchMs: number): number {
    const restMs = batchMs * this.#restRatio * this.#busyness;
    this.#restedMs += restMs;
    return restMs;
  }
}

/** Counts the busy sessions of others on this database, without those that wait for a lock or for their client. */
export async function countBusySessions(database: Queryable): Promise<number> {
  const { rows } = await database.query<{ count: number }>(`
    select count(*)::int as count
    from pg_catalog.pg_stat_activity
    where datname = current_database() and state = 'active' and backend_type = 'client backend'
      and coalesce(wait_event_type, 'none') in ('none', 'IO', 'LWLock', 'BufferPin')
      and pid <> pg_backend_pid() and application_name !~ '^online-migration( |$)'`);
  return rows[0]!.count;
}
