import type { Emit } from '../../change/events.ts';
import type { Session } from '../../postgres/session.ts';
import { isLockConflict } from '../../postgres/database-error.ts';

/** A lock that is not to be had at once belongs to someone whose turn it is. */
const LOCK_TIMEOUT_MS = 50;
/** A process that stands still, or whose host is gone, must not keep the lock; one that works asks far more often. */
const LONGEST_SILENCE_MS = 30_000;

/**
 * Keeps autovacuum off a table while it is being filled, and makes way for everyone else.
 *
 * An analyze of autovacuum has a snapshot for as long as it lasts, and meanwhile no page can be pruned, so a pass finds no room
 * for its new versions. A vacuum tells everyone of the room that a pass has just made, and rows of other pages take it. (At
 * 3,000,000 rows and two workers, both together cost a quarter more CPU and made the primary key 1.2 to 1.5 times as large;
 * without them it stayed as it was.)
 *
 * 1. A transaction takes SHARE UPDATE EXCLUSIVE on the table and does nothing else: it has no number, and a snapshot only for
 *    the length of a short query. Autovacuum passes over a table that it cannot lock; it comes when the backfill is done.
 * 2. It is given up as soon as someone waits for the table. Otherwise an `alter table` would wait for it, the application's
 *    requests and the backfill itself behind that, and none of them would ever end.
 * 3. It is given up while the backfill is paused, and between two ranges.
 *
 * The backfill goes on without it where it cannot be had.
 */
export class AutovacuumHold implements AsyncDisposable {
  readonly #open: () => Promise<Session>;
  readonly #table: string;
  readonly #emit: Emit;
  #session: Session | undefined;
  /** One piece of work after the other: workers share it. */
  #turn = Promise.resolve();
  #isSuspended = false;
  #isDisposed = false;
  #isFailureReported = false;

  /**
   * @param openSession opens the session that it lives on, at the first use
   * @param table schema and name, quoted; its partitions are held with it
   * @param emit receives an event where it cannot be had for another reason than that others have it
   */
  constructor(openSession: () => Promise<Session>, table: string, emit: Emit) {
    this.#open = openSession;
    this.#table = table;
    this.#emit = emit;
  }

  /** Takes it, where nobody else has it or waits for it. */
  async take(): Promise<void> {
    // The rest of a range that has gone to another worker may still come here behind the end.
    if (this.#isSuspended || this.#isDisposed) return;
    await this.#inTurn(async () => {
      this.#session ??= await openForIdling(this.#open);
      if (!this.#session.inTransaction) await lock(this.#session, this.#table);
    });
  }

  /** Gives it up, to whoever waits for it. */
  async release(): Promise<void> {
    await this.#inTurn(async () => {
      if (this.#session?.inTransaction) await this.#session.query('commit');
    });
  }

  /** Gives it up where someone waits for the table; to be asked several times a second. */
  async makeWay(): Promise<void> {
    await this.#inTurn(async () => {
      const session = this.#session;
      if (session?.inTransaction && (await isWaitedFor(session))) await session.query('commit');
    });
  }

  /** Does some work while it is given up; none where another such work is under way. */
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

  /** Gives it up for good. */
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
        message: `backfill: cannot keep autovacuum away, and goes on: ${reason}`,
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
    // Newer servers have one; a range may take longer than it allows.
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
  // In any other isolation the first query's snapshot would stay.
  await session.query('begin isolation level read committed');
  try {
    await session.query(`lock table ${table} in share update exclusive mode`);
  } catch (error) {
    await session.query('rollback');
    if (!isLockConflict(error)) throw error;
  }
}

/** Whether a session waits for a table that this one has locked. */
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
