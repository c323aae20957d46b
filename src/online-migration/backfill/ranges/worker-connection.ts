import type { Emit } from '../../change/events.ts';
import { pause } from '../../postgres/pause.ts';
import { describeDatabaseError, isConnectionLost, isTransient } from '../../postgres/database-error.ts';
import { ConnectionLostError, type Session } from '../../postgres/session.ts';
import type { BackfillWork } from '../plan/backfill-work.ts';

/**
 * Far below `deadlock_timeout` (1 s by default). If a batch and the application deadlock over two rows, the batch
 * gives way before the server chooses a victim. So the victim is never the application.
 */
const LOCK_TIMEOUT_MS = 50;
/**
 * A batch's statements follow each other at once. If they do not, its process is stopped or its host is gone, and its
 * row locks must be released.
 */
const IDLE_IN_BATCH_MS = 10_000;
const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 5_000;
/** A restarting server returns sooner. A longer outage must be reported. */
const RECONNECT_BUDGET_MS = 60_000;

/** A session that is reopened when it is lost. It runs one task at a time. */
export class WorkerConnection implements AsyncDisposable {
  readonly #open: () => Promise<Session>;
  readonly #prepare: (session: Session) => Promise<void>;
  #session: Session | undefined;

  /**
   * @param open opens a session
   * @param prepare prepares it for its task, as {@link forBatches} does for batches
   */
  constructor(open: () => Promise<Session>, prepare: (session: Session) => Promise<void>) {
    this.#open = open;
    this.#prepare = prepare;
  }

  /**
   * Runs a task that may run twice: after a lost connection, it runs again on a new one.
   * @param signal ends the tries
   * @param emit receives an event for each lost connection
   */
  async run<T>(work: (session: Session) => Promise<T>, signal: AbortSignal, emit: Emit): Promise<T> {
    const deadline = performance.now() + RECONNECT_BUDGET_MS;
    for (let retryMs = FIRST_RETRY_MS; ; retryMs = Math.min(2 * retryMs, LONGEST_RETRY_MS)) {
      signal.throwIfAborted();
      try {
        this.#session ??= await this.#openPrepared();
        return await work(this.#session);
      } catch (error) {
        if (!mayReconnect(error) || performance.now() > deadline) throw error;
        const reason = describeDatabaseError(error);
        emit({
          type: 'connection-lost',
          reason,
          pauseMs: retryMs,
          message: `backfill: lost the connection (${reason}); again in ${retryMs} ms`,
        });
        await this[Symbol.asyncDispose]();
        await pause(retryMs, signal);
      }
    }
  }

  /** Closes the session. */
  async [Symbol.asyncDispose](): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    await session?.[Symbol.asyncDispose]();
  }

  async #openPrepared(): Promise<Session> {
    const session = await this.#open();
    try {
      await session.outliveSilence();
      await this.#prepare(session);
      return session;
    } catch (error) {
      await session[Symbol.asyncDispose]();
      throw error;
    }
  }
}

/** Prepares a session for batches of a backfill. It throws a `BackfillError` if undeclared triggers would fire. */
export function forBatches(fill: BackfillWork): (session: Session) => Promise<void> {
  return async (session) => {
    // If the server crashes, it loses the last rows together with their checkpoint, so commits need not wait for the
    // disk.
    await session.query(`set synchronous_commit = off`);
    await session.query(`set lock_timeout = ${LOCK_TIMEOUT_MS}`);
    await session.query(`set idle_in_transaction_session_timeout = ${IDLE_IN_BATCH_MS}`);
    await fill.prepare(session);
  };
}

/** Whether the connection is lost and reconnecting may help; a refused password does not count. */
function mayReconnect(error: unknown): boolean {
  return error instanceof ConnectionLostError || (isConnectionLost(error) && isTransient(error));
}
