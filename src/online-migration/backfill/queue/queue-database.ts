import type { Emit } from '../../change/events.ts';
import type { Db } from 'pg-boss';
import type { Session } from '../../postgres/session.ts';
import { actForTableOwner } from '../plan/queue-schema.ts';
import { WorkerConnection } from '../ranges/worker-connection.ts';

/**
 * The connection of pg-boss: a session of the package, with its TLS and its name, reopened when it is lost.
 * Statements run one at a time, so that the rollback after a failed one does not affect another.
 */
export class QueueDatabase implements Db, AsyncDisposable {
  readonly #connection: WorkerConnection;
  readonly #emit: Emit;
  readonly #closing = new AbortController();
  #last: Promise<unknown> = Promise.resolve();

  /**
   * @param openSession opens a session
   * @param table schema and name of the table to fill, quoted
   * @param emit receives an event for each lost connection
   */
  constructor(openSession: () => Promise<Session>, table: string, emit: Emit) {
    this.#connection = new WorkerConnection(openSession, (session) => actForTableOwner(session, table));
    this.#emit = emit;
  }

  /** Runs one statement with values, or one or several without. */
  async executeSql(text: string, values?: unknown[]): Promise<{ rows: unknown[] }> {
    const run = () =>
      this.#connection.run((session) => execute(session, text, values), this.#closing.signal, this.#emit);
    const result = this.#last.then(run);
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** Closes the connection after the statement in progress. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new Error('The connection to the queue was closed.'));
    await this.#last;
    await this.#connection[Symbol.asyncDispose]();
  }
}

async function execute(session: Session, text: string, values: unknown[] = []): Promise<{ rows: unknown[] }> {
  try {
    return values.length > 0 ? await session.query(text, values) : { rows: await session.script(text) };
  } catch (error) {
    // Several statements contain their own begin; if one fails, the transaction is still open.
    if (session.inTransaction) await session.query('rollback').catch(() => undefined);
    throw error;
  }
}
