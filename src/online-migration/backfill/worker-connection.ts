import { pause } from '../pause.ts';
import { type Session, sqlState } from '../session.ts';

/**
 * Far below `deadlock_timeout` (1 s by default): where a batch and the application each hold a row that the other
 * wants, the batch has given way before the server looks for a victim, so the victim is never the application.
 */
const LOCK_TIMEOUT_MS = 50;
const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 5_000;
/** A server that restarts is back sooner; one that is not back by then has a problem that people must see. */
const RECONNECT_BUDGET_MS = 60_000;

/** SQLSTATE classes and codes of a connection that is gone or cannot be had now: 08, and shutdown or start-up (57P). */
const LOST_SQLSTATE = /^(08...|57P0[123])$/;
/** The same from Node and from `pg`. */
const LOST_CODE = /^(ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENOTFOUND|EAI_AGAIN)$/;
const LOST_MESSAGE = /^(Connection terminated|Client has encountered a connection error|Client was closed)/;

/** A session for batches, that is opened again when it is lost. */
export class WorkerConnection implements AsyncDisposable {
  readonly #open: () => Promise<Session>;
  #session: Session | undefined;

  /** @param open opens a session */
  constructor(open: () => Promise<Session>) {
    this.#open = open;
  }

  /**
   * Runs a piece of work that may be done twice; on a lost connection it is done again on a new one.
   * @param signal ends the tries
   * @param log receives a line for each lost connection
   */
  async run<T>(
    work: (session: Session) => Promise<T>,
    signal: AbortSignal,
    log: (line: string) => void,
  ): Promise<T> {
    const deadline = performance.now() + RECONNECT_BUDGET_MS;
    for (let retryMs = FIRST_RETRY_MS; ; retryMs = Math.min(2 * retryMs, LONGEST_RETRY_MS)) {
      signal.throwIfAborted();
      try {
        this.#session ??= await this.#prepare();
        return await work(this.#session);
      } catch (error) {
        if (!isLostConnection(error) || performance.now() > deadline) throw error;
        log(`backfill: lost the connection (${(error as Error).message}); again in ${retryMs} ms`);
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

  async #prepare(): Promise<Session> {
    const session = await this.#open();
    // A crash of the server loses the last rows and their checkpoint together, so no commit need wait for the disk.
    await session.query(`set synchronous_commit = off`);
    await session.query(`set lock_timeout = ${LOCK_TIMEOUT_MS}`);
    return session;
  }
}

/** Whether an error says that the connection is gone, or that the server cannot take one now. */
function isLostConnection(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = sqlState(error) ?? '';
  return LOST_SQLSTATE.test(code) || LOST_CODE.test(code) || LOST_MESSAGE.test(error.message);
}
