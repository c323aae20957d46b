import { type Client, type ClientConfig, escapeIdentifier, type FieldDef, type QueryResult } from 'pg';
import { closeClient } from './close-client.ts';
import { clientFor, connectClient } from './open-client.ts';
import { cancellable, type CancelTarget, type Interrupt } from './cancellation.ts';
import type { Queryable } from './queryable.ts';
import { withStatement } from './failed-statement.ts';
import { assertPeerVersion } from './peer-versions.ts';
import { NEUTRAL_SETTINGS, PACKAGE_SETTINGS, settingsStatement } from './session-settings.ts';
import { OnlineMigrationError } from '../change/online-migration-error.ts';

/** Timeout of all statements, except those that read a whole table at once. */
const STATEMENT_TIMEOUT_MS = 60_000;

/** How long a connection may be silent before the server checks whether the client still exists, in seconds. */
const KEEPALIVE_IDLE_S = 10;
const KEEPALIVE_INTERVAL_S = 2;
const KEEPALIVE_PROBES = 3;

/** The connection was lost while a statement or transaction was in progress. */
export class ConnectionLostError extends OnlineMigrationError {
  override readonly name = 'ConnectionLostError';

  /** @param cause the driver's message */
  constructor(cause: Error) {
    super(
      'CONNECTION_LOST',
      `The connection to the database was lost: ${cause.message}. Uncommitted changes are rolled back; ` +
        `run the same command again.`,
      {},
      { cause },
    );
  }
}

/** A dedicated connection, so that settings and locks stay with their statements. */
export class Session implements Queryable, AsyncDisposable {
  readonly #client: Client;
  readonly #lost = new AbortController();
  #cancelled: { readonly target: CancelTarget; readonly interrupt: Interrupt } | undefined;

  private constructor(client: Client) {
    this.#client = client;
    // When the server cuts a connection, the statement in flight fails. Without a listener, the process would end.
    client.on('error', (error) => this.#lost.abort(new ConnectionLostError(error)));
  }

  /** Aborted with a `ConnectionLostError` when the connection is lost. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /**
   * Opens a connection.
   * @param connection the address, as `pg` accepts it
   * @param applicationName the name in `pg_stat_activity`
   * @param interrupt cancels a statement that has no timeout
   * @throws DatabaseUnreachableError if the connection cannot be opened
   * @throws ConnectionLostError if the server ends the connection before the first statement
   */
  static async open(
    connection: ClientConfig,
    applicationName: string,
    interrupt?: Interrupt,
  ): Promise<Session> {
    assertPeerVersion('pg');
    const client = clientFor({ ...connection, application_name: applicationName, keepAlive: true });
    const session = new Session(client);
    await connectClient(client, interrupt?.signal);
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

  /** Changes the session's name in `pg_stat_activity`. */
  async setApplicationName(name: string): Promise<void> {
    await this.query(`select set_config('application_name', $1, false)`, [name]);
  }

  /**
   * Listens on a channel until the session ends.
   * @param heard receives the payload of each notification; it must not throw
   */
  async listen(channel: string, heard: (payload: string) => void): Promise<void> {
    this.#client.on('notification', (notification) => {
      if (notification.channel === channel) heard(notification.payload ?? '');
    });
    await this.query(`listen ${escapeIdentifier(channel)}`);
  }

  /**
   * Keeps the server from ending the session while it is idle. Also lets the server detect within seconds that the
   * client's host is gone. (If only the process dies, the connection closes at once.)
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

  /** Whether a transaction is open. */
  get inTransaction(): boolean {
    const status = this.#client.getTransactionStatus();
    return status === 'T' || status === 'E';
  }

  /**
   * Runs one statement. Values are passed as `$1`, `$2`, …; statements are never prepared by name.
   * @throws ConnectionLostError if the connection was lost between two statements
   */
  async query<Row>(
    text: string,
    values: unknown[] = [],
  ): Promise<{ rows: Row[]; rowCount: number | null; fields: FieldDef[] }> {
    // The driver's own error only says that the client is not queryable.
    this.#lost.signal.throwIfAborted();
    const { rows, rowCount, fields } = await this.#client.query(text, values);
    return { rows: rows as Row[], rowCount, fields };
  }

  /** Runs one or several statements in one text; returns the rows of all of them. */
  async script(text: string): Promise<unknown[]> {
    this.#lost.signal.throwIfAborted();
    const results: unknown = await this.#client.query(text);
    return [results as QueryResult].flat().flatMap(({ rows }) => rows as unknown[]);
  }

  /**
   * Runs statements in one message, which is one round trip.
   * @param statements each is one statement, without values
   * @throws the database's error; its message also has the failed statement
   */
  async batch(statements: readonly string[]): Promise<void> {
    const { connection } = this.#client;
    let done = 0;
    const count = () => done++;
    // The driver drops the results of the statements before the failed one, so this counts them.
    connection.on('commandComplete', count);
    try {
      await this.script(statements.join(';\n'));
    } catch (error) {
      throw withStatement(error, statements[done]);
    } finally {
      connection.off('commandComplete', count);
    }
  }

  /**
   * Runs the body in one transaction: commits when it returns, rolls back when it throws.
   * @param body the statements; its error is thrown unchanged
   */
  async transaction<T>(body: () => Promise<T>): Promise<T> {
    await this.query('begin');
    try {
      const result = await body();
      await this.query('commit');
      return result;
    } catch (error) {
      // If the connection is lost, the server has rolled back already, and the first error is the one to report.
      await this.query('rollback').catch(() => undefined);
      throw error;
    }
  }

  /**
   * Runs a statement that cannot run in a transaction, such as `create index concurrently`, without a timeout.
   * @param statement one statement, without values
   * @param lockTimeoutMs longest wait for a lock, in milliseconds; by default that of the session
   * @throws the interrupt's reason, if it ended the statement
   */
  async runUnlimited(statement: string, lockTimeoutMs?: number): Promise<void> {
    const [limit, noLimit] =
      lockTimeoutMs === undefined
        ? ['', '']
        : [`; set lock_timeout = ${Math.ceil(lockTimeoutMs)}`, '; set lock_timeout = 0'];
    await this.script(`set statement_timeout = 0${limit}`);
    try {
      await this.#cancellable(() => this.#client.query(statement));
    } finally {
      const limits = `set statement_timeout = ${STATEMENT_TIMEOUT_MS}${noLimit}`;
      await this.#client.query(limits).catch(() => undefined);
    }
  }

  /**
   * Runs a statement that cannot run in a transaction, within a time. The interrupt does not end it.
   * @param statement one statement, without values
   * @param timeoutMs longest duration, in milliseconds
   */
  async runWithin(statement: string, timeoutMs: number): Promise<void> {
    await this.query(`set statement_timeout = ${Math.ceil(timeoutMs)}`);
    try {
      await this.query(statement);
    } finally {
      await this.#client.query(`set statement_timeout = ${STATEMENT_TIMEOUT_MS}`).catch(() => undefined);
    }
  }

  /**
   * Runs a statement that reads a whole table, without a timeout.
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
    await closeClient(this.#client);
  }
}
