import type { Emit } from '../change/events.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type ClientConfig } from 'pg';
import { closeClient } from './close-client.ts';
import { describeDatabaseError, SQLSTATE, sqlState } from './database-error.ts';

/** Timeout of the connection that sends the cancel, in milliseconds. */
const CONNECTION_TIMEOUT_MS = 5_000;
/** A cancel that comes before the server has read the statement has no effect. */
const AGAIN_MS = 200;
const SHOWN_CHARACTERS = 160;

/** A request to end a command. */
export interface Interrupt {
  readonly signal: AbortSignal;
  /** Receives an event about the cancelled statement. */
  readonly emit: Emit;
}

/** The session that runs a statement. */
export interface CancelTarget {
  /** Connects to the same server a second time. */
  readonly connection: ClientConfig;
  /** The process id of its backend. */
  readonly pid: number;
}

/**
 * Runs a statement, and cancels it from a second connection when the interrupt arrives. It returns only after the
 * cancel has ended, because a late cancel would hit the session's next statement.
 * @param target the session that runs the statement
 * @param statement starts it
 * @throws the interrupt's reason, if the interrupt came before the statement or ended it
 */
export async function cancellable<T>(
  target: CancelTarget,
  interrupt: Interrupt,
  statement: () => Promise<T>,
): Promise<T> {
  const { signal } = interrupt;
  signal.throwIfAborted();
  const ended = new AbortController();
  let cancelling: Promise<void> | undefined;
  const cancel = () => {
    cancelling = cancelUntil(ended.signal, target, interrupt.emit);
  };
  signal.addEventListener('abort', cancel, { once: true });
  try {
    return await statement();
  } catch (error) {
    if (sqlState(error) === SQLSTATE.queryCanceled) signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', cancel);
    ended.abort();
    await cancelling;
  }
}

async function cancelUntil(ended: AbortSignal, { connection, pid }: CancelTarget, emit: Emit): Promise<void> {
  const client = new Client({
    ...connection,
    application_name: 'online-migration cancel',
    connectionTimeoutMillis: CONNECTION_TIMEOUT_MS,
  });
  // If the connection fails, the query fails too.
  client.on('error', () => undefined);
  try {
    await client.connect();
    for (let isReported = false; !ended.aborted; isReported = true) {
      const { rows } = await client.query<{ statement: string }>(
        `
        select left(btrim(regexp_replace(query, '\\s+', ' ', 'g')), $2) as statement, pg_catalog.pg_cancel_backend(pid)
        from pg_catalog.pg_stat_activity
        where pid = $1`,
        [pid, SHOWN_CHARACTERS],
      );
      if (!isReported) {
        const statement = rows[0]?.statement ?? null;
        emit({
          type: 'statement-cancelled',
          pid,
          statement,
          message: `Cancels the statement that runs: ${statement ?? 'it has ended meanwhile'}`,
        });
      }
      await sleep(AGAIN_MS, undefined, { signal: ended }).catch(() => undefined);
    }
  } catch (error) {
    const reason = describeDatabaseError(error);
    emit({
      type: 'cancel-failed',
      pid,
      reason,
      message: `Cannot cancel the statement that runs, waits for its end: ${reason}`,
    });
  } finally {
    await closeClient(client);
  }
}
