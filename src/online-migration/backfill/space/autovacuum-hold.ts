import type { Emit } from '../../change/events.ts';
import type { Session } from '../../postgres/session.ts';
import { isLockConflict, SQLSTATE, sqlState } from '../../postgres/database-error.ts';

/** If the lock is not free at once, another session has priority. */
const LOCK_TIMEOUT_MS = 50;
/**
 * A stopped process, or one whose host is gone, must not keep the lock. A running process sends statements far more
 * often.
 */
const LONGEST_SILENCE_MS = 30_000;

/**
 * Keeps autovacuum off a table while it is being filled, and gives way to every other session.
 *
 * An analyze of autovacuum holds a snapshot while it runs. In that time no page can be pruned, so a pass finds no
 * space for its new versions. A vacuum records the space that a pass has just freed, and rows of other pages take it.
 * (At 3,000,000 rows and two workers, both together cost a quarter more CPU and made the primary key 1.2 to 1.5 times
 * as large. Without them its size stayed the same.)
 *
 * 1. A transaction takes SHARE UPDATE EXCLUSIVE on the table and does nothing else. It has no transaction id, and a
 *    snapshot only during a short query. Autovacuum skips a table that it cannot lock; it runs after the backfill.
 * 2. The lock is released as soon as another session waits for the table. Otherwise an `alter table` would wait for
 *    it, and the application's requests and the backfill itself would wait behind that, forever.
 * 3. The lock is released while the backfill is paused, and between two ranges.
 *
 * If the lock is not granted, the backfill continues without it.
 */
export class AutovacuumHold implements AsyncDisposable {
  readonly #open: () => Promise<Session>;
  readonly #table: string;
  readonly #emit: Emit;
  #session: Session | undefined;
  /** Tasks run one by one, because workers share the session. */
  #turn = Promise.resolve();
  #isSuspended = false;
  /** The vacuum in progress. Unlike autovacuum, it does not end by itself when another session waits for its lock. */
  #vacuum: { readonly pid: number; isCancelled: boolean } | undefined;
  #isDisposed = false;
  #isFailureReported = false;

  /**
   * @param openSession opens its session, at the first use
   * @param table schema and name, quoted; its partitions are locked with it
   * @param emit receives an event if the lock fails for any reason except a conflict
   */
  constructor(openSession: () => Promise<Session>, table: string, emit: Emit) {
    this.#open = openSession;
    this.#table = table;
    this.#emit = emit;
  }

  /** Takes the lock, if no other session has it or waits for it. */
  async take(): Promise<void> {
    // A worker whose range was taken by another one may still call this after the end.
    if (this.#isSuspended || this.#isDisposed) return;
    await this.#inTurn(async () => {
      this.#session ??= await openForIdling(this.#open);
      if (!this.#session.inTransaction) await lock(this.#session, this.#table);
    });
  }

  /** Releases the lock for a waiting session. */
  async release(): Promise<void> {
    await this.#inTurn(async () => {
      if (this.#session?.inTransaction) await this.#session.query('commit');
    });
  }

  /** Releases the lock if another session waits for the table; to be called several times a second. */
  async giveWay(): Promise<void> {
    await this.#inTurn(async () => {
      const session = this.#session;
      const vacuum = this.#vacuum;
      if (session && vacuum && (await cancelIfWaitedFor(session, vacuum.pid))) vacuum.isCancelled = true;
      if (session?.inTransaction && (await isWaitedFor(session))) await session.query('commit');
    });
  }

  /** Runs a task without the lock; does nothing if another task of this kind is in progress. */
  async without(work: () => Promise<void>): Promise<void> {
    if (this.#isSuspended) return;
    this.#isSuspended = true;
    try {
      await this.release();
      await work();
    } finally {
      this.#isSuspended = false;
    }
    await this.take();
  }

  /**
   * Runs a vacuum that gives way to a session that waits for the table, as autovacuum does.
   * @param session runs the vacuum
   * @returns whether it ran to its end
   */
  async vacuumGivingWay(session: Session, statement: string): Promise<boolean> {
    const { rows } = await session.query<{ pid: number }>(`select pg_catalog.pg_backend_pid() as pid`);
    const vacuum = { pid: rows[0]!.pid, isCancelled: false };
    this.#vacuum = vacuum;
    try {
      await session.query(statement);
      return true;
    } catch (error) {
      if (!vacuum.isCancelled || sqlState(error) !== SQLSTATE.queryCanceled) throw error;
      return false;
    } finally {
      this.#vacuum = undefined;
      await this.#inTurn(async () => undefined);
      // A cancellation that comes after the end of the vacuum must not end the next batch.
      if (vacuum.isCancelled) await session.query('select').catch(() => undefined);
    }
  }

  /** Releases the lock for good. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    await this.#inTurn(() => this.#close());
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    this.#turn = this.#turn.then(work).catch(async (error: unknown) => {
      await this.#close();
      if (this.#isFailureReported) return;
      this.#isFailureReported = true;
      const reason = (error as Error).message;
      this.#emit({
        type: 'autovacuum-not-held',
        table: this.#table,
        reason,
        message: `backfill: cannot keep autovacuum away, and continues: ${reason}`,
      });
    });
    return this.#turn;
  }

  async #close(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    await session?.[Symbol.asyncDispose]();
  }
}

async function openForIdling(open: () => Promise<Session>): Promise<Session> {
  const session = await open();
  try {
    await session.outliveSilence();
    await session.query(`set lock_timeout = ${LOCK_TIMEOUT_MS}`);
    await session.query(`set idle_in_transaction_session_timeout = ${LONGEST_SILENCE_MS}`);
    // PostgreSQL 17 and newer have one; a range may take longer than it allows.
    await session.query(
      `select set_config(name, '0', false) from pg_catalog.pg_settings where name = 'transaction_timeout'`,
    );
    return session;
  } catch (error) {
    await session[Symbol.asyncDispose]();
    throw error;
  }
}

async function lock(session: Session, table: string): Promise<void> {
  // In any other isolation level, the first query's snapshot would be kept.
  await session.query('begin isolation level read committed');
  try {
    await session.query(`lock table ${table} in share update exclusive mode`);
  } catch (error) {
    await session.query('rollback');
    if (!isLockConflict(error)) throw error;
  }
}

/** Whether a session waits for a table that this session has locked. */
async function isWaitedFor(session: Session): Promise<boolean> {
  const { rows } = await session.query<{ waited: boolean }>(`
    select exists (
      select
      from pg_catalog.pg_locks w
      join pg_catalog.pg_locks h using (database, relation)
      where not w.granted and w.locktype = 'relation'
        and h.granted and h.locktype = 'relation' and h.pid = pg_backend_pid()
    ) as waited`);
  return rows[0]!.waited;
}

/**
 * Cancels a vacuum if another session waits for its table and would make others wait behind it.
 * @returns whether it has been cancelled
 */
async function cancelIfWaitedFor(session: Session, pid: number): Promise<boolean> {
  const { rows } = await session.query<{ cancelled: boolean }>(
    `
    select pg_catalog.pg_cancel_backend(h.pid) as cancelled
    from pg_catalog.pg_locks h
    where h.pid = $1 and h.granted and h.locktype = 'relation' and h.mode = 'ShareUpdateExclusiveLock'
      and exists (
        select
        from pg_catalog.pg_locks w
        where w.database = h.database and w.relation = h.relation and w.locktype = 'relation' and not w.granted
          and w.mode <> 'ShareUpdateExclusiveLock'
      )
    limit 1`,
    [pid],
  );
  return rows[0]?.cancelled ?? false;
}
