import type { Queryable } from '../../postgres/queryable.ts';

/** Weight of the newest count in the average. */
const SMOOTHING = 0.1;
/** At this average number of other busy sessions, the load counts as full. */
const BUSY_SESSIONS = 0.25;
/** At full load, a batch is shorter by this share of its duration. */
const SHORTENED_BY = 0.75;
/**
 * At full load, a rest is this many times as long as its batch. (With 1, the API's p99 was 1.5 to 2.6 times that of
 * idle; with 2, 1.4 to 2.1.)
 */
const LONGEST_REST = 2;

/**
 * Slows down when other sessions are busy on the same database: batches are shorter, and the worker rests after each.
 * If all processors of a server are busy, requests queue for them long before they wait for a lock.
 *
 * 1. Each check counts the other sessions that are busy. A moving average of the count measures the load.
 * 2. The higher the load, the shorter the batches, down to a quarter, and the longer the rests, up to twice the batch
 *    (gh-ost calls that the nice ratio). Both matter: during a long batch a queue grows, and a rest only empties it
 *    afterwards.
 */
export class NiceRatio {
  #busySessions = 0;
  #restedMs = 0;

  /** Milliseconds that the workers of this process have rested, added up. */
  get restedMs(): number {
    return this.#restedMs;
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
    const restMs = batchMs * LONGEST_REST * this.#busyness;
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
