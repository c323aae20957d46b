import type { Session } from '../session.ts';
import { isContention } from './batch.ts';
import { WorkerConnection } from './worker-connection.ts';

/** A lock that is not to be had at once belongs to someone whose turn it is. */
const LOCK_TIMEOUT_MS = 50;

/**
 * Keeps autovacuum off a table while it is being filled; neither reads nor writes wait for it.
 *
 * An analyze of autovacuum has a snapshot for as long as it lasts, and meanwhile no page can be pruned, so a pass finds no room
 * for its new versions. A vacuum tells everyone of the room that a pass has just made, and rows of other pages take it. (At
 * 3,000,000 rows and two workers, both together cost a quarter more CPU and made the primary key 1.2 to 1.5 times as large;
 * without them it stayed as it was.)
 *
 * 1. A transaction takes SHARE UPDATE EXCLUSIVE on the table and does nothing else: it has no snapshot and no number, so it
 *    holds nothing back. Autovacuum passes over a table that it cannot lock; it comes when the backfill is done.
 * 2. Between two ranges it is given up for a moment. Whoever waits for it, such as a vacuum against wraparound or an index
 *    that someone makes concurrently, is first in line, and the next ranges are filled without it.
 */
export class AutovacuumHold implements AsyncDisposable {
  readonly #connection: WorkerConnection;
  readonly #table: string;

  /**
   * @param openSession opens the session that it lives on, at the first use
   * @param table schema and name, quoted; its partitions are held with it
   */
  constructor(openSession: () => Promise<Session>, table: string) {
    this.#connection = new WorkerConnection(openSession, prepareForIdling);
    this.#table = table;
  }

  /** Takes it, where nobody else has it or waits for it. */
  async take(signal: AbortSignal, log: (line: string) => void): Promise<void> {
    const takeOnce = async (session: Session) => {
      if (session.inTransaction) return;
      await session.query('begin');
      try {
        await session.query(`lock table ${this.#table} in share update exclusive mode`);
      } catch (error) {
        await session.query('rollback');
        if (!isContention(error)) throw error;
      }
    };
    await this.#connection.run(takeOnce, signal, log);
  }

  /** Gives it up, to whoever waits for it. */
  async release(signal: AbortSignal, log: (line: string) => void): Promise<void> {
    await this.#connection.run(commitIfOpen, signal, log);
  }

  /** Gives it up for good. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection[Symbol.asyncDispose]();
  }
}

async function commitIfOpen(session: Session): Promise<void> {
  if (session.inTransaction) await session.query('commit');
}

/** Its transaction is idle for as long as a range takes. */
async function prepareForIdling(session: Session): Promise<void> {
  await session.query(`set lock_timeout = ${LOCK_TIMEOUT_MS}`);
  await session.query(`
    select set_config(name, '0', false)
    from pg_catalog.pg_settings
    where name in ('idle_in_transaction_session_timeout', 'transaction_timeout')`);
}
