import type { Queryable } from '../../postgres/queryable.ts';

/** Weight of the newest look in the average. */
const SMOOTHING = 0.1;
/** From so many busy sessions of others on, on average, it cannot get busier. */
const BUSY_SESSIONS = 0.25;
/** Share of its duration by which a batch is shorter then. */
const SHORTENED_BY = 0.75;
/** How many times as long as its batch a rest is then. (With 1, the API's p99 was 1.5 to 2.6 times that of idle; with 2, 1.4 to 2.1.) */
const LONGEST_REST = 2;

/**
 * Makes way where others work on the same database: batches are shorter, and behind each the worker rests. Where all
 * processors of a server are at work, requests queue for them long before they wait for a lock.
 *
 * 1. Each look counts the others' sessions that are at work in that moment; a moving average of it says how busy they are.
 * 2. The busier, the shorter are the batches, down to a quarter, and the longer are the rests, up to twice as long as the
 *    batch (gh-ost calls that the nice ratio). Both count: in a long batch, a queue grows that a rest only empties afterwards.
 */
export class NiceRatio {
  #busySessions = 0;
  #restedMs = 0;

  /** Milliseconds that the workers of this process have rested, together. */
  get restedMs(): number {
    return this.#restedMs;
  }

  /** From 0 to 1. */
  get #busyness(): number {
    return Math.min(1, this.#busySessions / BUSY_SESSIONS);
  }

  /**
   * Learns from a look.
   * @param sessions of others that are at work
   */
  observe(sessions: number): void {
    this.#busySessions += SMOOTHING * (sessions - this.#busySessions);
  }

  /**
   * How long a batch is to last now, in milliseconds.
   * @param batchMs how long it may last beside nobody
   */
  shorten(batchMs: number): number {
    return batchMs * (1 - SHORTENED_BY * this.#busyness);
  }

  /**
   * How long to rest after a batch, in milliseconds; counts as rested.
   * @param batchMs how long the batch has lasted
   */
  takeRest(batchMs: number): number {
    const restMs = batchMs * LONGEST_REST * this.#busyness;
    this.#restedMs += restMs;
    return restMs;
  }
}

/** How many sessions of others are at work on this database: not those that wait for a lock, or for their client. */
export async function countBusySessions(database: Queryable): Promise<number> {
  const { rows } = await database.query<{ count: number }>(`
    select count(*)::int as count
    from pg_catalog.pg_stat_activity
    where datname = current_database() and state = 'active' and backend_type = 'client backend'
      and coalesce(wait_event_type, 'none') in ('none', 'IO', 'LWLock', 'BufferPin')
      and pid <> pg_backend_pid() and application_name !~ '^online-migration( |$)'`);
  return rows[0]!.count;
}
