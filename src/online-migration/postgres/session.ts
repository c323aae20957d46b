import { Client, type ClientConfig, escapeIdentifier, type FieldDef, type QueryResult } from 'pg';
import { cancellable, type CancelTarget, type Interrupt } from './cancellation.ts';
import type { Queryable } from './queryable.ts';
import { assertPeerVersion } from './peer-versions.ts';
import { NEUTRAL_SETTINGS, PACKAGE_SETTINGS, settingsStatement } from './session-settings.ts';
import { OnlineMigrationError } from '../change/online-migration-error.ts';

/** No statement of the package lasts longer, but those that read a whole table at once. */
const STATEMENT_TIMEOUT_MS = 60_000;

/** How long a connection may be silent before the server asks whether the other end is there, in seconds. */
const KEEPALIVE_IDLE_S = 10;
const KEEPALIVE_INTERVAL_S = 2;
const KEEPALIVE_PROBES = 3;

/** The connection was cut while something ran on it. */
export class ConnectionLostError extends OnlineMigrationError {
  override readonly name = 'ConnectionLostError';

  /** @param cause what the driver says */
  constructor(cause: Error) {
    super(
      'CONNECTION_LOST',
      `The connection to the database was lost: ${cause.message}. What was not committed is rolled back; ` +
        `run the same command again.`,
      {},
      { cause },
    );
  }
}

/** One connection of its own, so that settings and locks stay with the statements that they are for. */
export class Session implements Queryable, AsyncDisposable {
  readonly #client: Client;
  readonly #lost = new AbortController();
  #cancelled: { readonly target: CancelTarget; readonly interrupt: Interrupt } | undefined;

  private constructor(client: Client) {
    this.#client = client;
    // A connection that the server cuts fails the statement in flight; without a listener it would end the process.
    client.on('error', (error) => this.#lost.abort(new ConnectionLostError(error)));
  }

  /** Aborted, with a `ConnectionLostError`, when the connection is lost. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /**
   * Opens a connection.
   * @param connection where to; as `pg` takes it
   * @param applicationName what `pg_stat_activity` shows of it
   * @param interrupt cancels a statement that has no timeout
   * @throws ConnectionLostError if the server ends it before the first statement
   */
  static async open(
    connection: ClientConfig,
    applicationName: string,
    interrupt?: Interrupt,
  ): Promise<Session> {
    assertPeerVersion('pg');
    const client = new Client({ ...connection, application_name: applicationName, keepAlive: true });
    const session = new Session(client);
    await client.connect();
    try {
      await session.query(settingsStatement({ ...NEUTRAL_SETTINGS, ...PACKAGE_SETTINGS }), [
        String(STATEMENT_TIMEOUT_MS),
        applicationName,
      ]);
      if (interrupt !== undefined) await session.#letCancel(connection, interrupt);
      return session;
    } catch (error) {
      await session[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Changes what `pg_stat_activity` shows of it. */
  async setApplicationName(name: string): Promise<void> {
    await this.query(`select set_config('application_name', $1, false)`, [name]);
  }

  /**
   * Listens on a channel as long as the session lives.
   * @param heard receives the payload of each notification; it must not throw
   */
  async listen(channel: string, heard: (payload: string) => void): Promise<void> {
    this.#client.on('notification', (notification) => {
      if (notification.channel === channel) heard(notification.payload ?? '');
    });
    await this.query(`listen ${escapeIdentifier(channel)}`);
  }

  /**
   * Keeps the server from ending the session while it is idle, and makes it notice within seconds a process whose host is
   * gone without a word. (A process that dies has its connection closed at once.)
   */
  async outliveSilence(): Promise<void> {
    await this.query(
      `
      select set_config(s.name, wanted.value, false)
      from (
        values
          ('idle_session_timeout', '0'),
          ('tcp_keepalives_idle', $1),
          ('tcp_keepalives_interval', $2),
          ('tcp_keepalives_count', $3)
      ) as wanted (name, value)
      join pg_catalog.pg_settings s using (name)`,
      [KEEPALIVE_IDLE_S, KEEPALIVE_INTERVAL_S, KEEPALIVE_PROBES].map(String),
    );
  }

  /** Whether a transaction is open on it. */
  get inTransaction(): boolean {
    const status = this.#client.getTransactionStatus();
    return status === 'T' || status === 'E';
  }

  /**
   * Runs one statement. Values go as `$1`, `$2`, …; statements are never prepared by name.
   * @throws ConnectionLostError if the connection has been lost between two statements
   */
  async query<Row>(
    text: string,
    values: unknown[] = [],
  ): Promise<{ rows: Row[]; rowCount: number | null; fields: FieldDef[] }> {
    // The driver would only say that the client is not queryable.
    this.#lost.signal.throwIfAborted();
    const { rows, rowCount, fields } = await this.#client.query(text, values);
    return { rows: rows as Row[], rowCount, fields };
  }

  /** Runs one or several statements that stand in one text; returns the rows of all of them. */
  async script(text: string): Promise<unknown[]> {
    const results: unknown = await this.#client.query(text);
    return [results as QueryResult].flat().flatMap(({ rows }) => rows as unknown[]);
  }

  /**
   * Runs the body in one transaction: committed when it returns, rolled back when it throws.
   * @param body the statements; its error is thrown on, unchanged
   */
  async transaction<T>(body: () => Promise<T>): Promise<T> {
    await this.query('begin');
    try {
      const result = await body();
      await this.query('commit');
      return result;
    } catch (error) {
      // Where the connection is gone the server has rolled back already, and the first error is the one to tell.
      await this.query('rollback').catch(() => undefined);
      throw error;
    }
  }

  /**
   * Runs a statement that cannot stand in a transaction, such as `create index concurrently`, for as long as that takes.
   * @param statement one, without values
   * @throws the interrupt's reason, if it ended the statement
   */
  async runUnlimited(statement: string): Promise<void> {
    await this.query('set statement_timeout = 0');
    try {
      await this.#cancellable(() => this.#client.query(statement));
    } finally {
      await this.#client.query(`set statement_timeout = ${STATEMENT_TIMEOUT_MS}`).catch(() => undefined);
    }
  }

  /**
   * Runs a statement that reads a whole table, for as long as that takes; every other has the session's timeout.
   * @param body the statement
   * @throws the interrupt's reason, if it ended the statement
   */
  async withoutStatementTimeout<T>(body: () => Promise<T>): Promise<T> {
    return this.transaction(async () => {
      await this.query('set local statement_timeout = 0');
      return this.#cancellable(body);
    });
  }

  async #letCancel(connection: ClientConfig, interrupt: Interrupt): Promise<void> {
    const { rows } = await this.query<{ pid: number }>(`select pg_catalog.pg_backend_pid() as pid`);
    this.#cancelled = { target: { connection, pid: rows[0]!.pid }, interrupt };
  }

  #cancellable<T>(statement: () => Promise<T>): Promise<T> {
    if (this.#cancelled === undefined) return statement();
    return cancellable(this.#cancelled.target, this.#cancelled.interrupt, statement);
  }

  /** Closes the connection. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.end().catch(() => undefined);
  }
}
