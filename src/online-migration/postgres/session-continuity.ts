import type { ClientConfig } from 'pg';
import { OnlineMigrationError } from '../change/online-migration-error.ts';
import { closeClient } from './close-client.ts';
import { clientFor, connectClient } from './open-client.ts';
import { ConnectionLostError } from './session.ts';

/** Timeout of one connection and of one answer, in milliseconds. */
const TIMEOUT_MS = 10_000;

/**
 * A transaction pooler may assign sessions in any order, and serves other clients too. With this many rounds, two
 * connections that share sessions cannot look as if they did not.
 */
const ROUNDS = 8;

/** The connection leads through a pooler that gives each transaction another session. */
export class SessionsNotKeptError extends OnlineMigrationError {
  override readonly name = 'SessionsNotKeptError';

  constructor() {
    super(
      'SESSIONS_NOT_KEPT',
      'The database is reached through a pooler that gives each transaction another session (PgBouncer calls it ' +
        'transaction mode): the lock that keeps two migrators apart would not hold. Connect to the server itself ' +
        '(DATABASE_DIRECT_URL in the application template), or to a pool in session mode, then run the same command ' +
        'again. Nothing was changed.',
    );
  }
}

/**
 * Whether a connection to this address keeps one session of the server. Settings, advisory locks and notifications
 * need that.
 *
 * 1. When a connection starts, PostgreSQL announces its process id, for cancelling. A pooler announces a number of
 *    its own. If the announced process answers, there is no pooler.
 * 2. Otherwise open a second connection. One session that answers both, or two sessions that answer one, prove
 *    sharing.
 * 3. Otherwise the pooler is in session mode, which keeps the session.
 *
 * The check changes nothing, not even a setting, because a setting on a shared session would affect other clients.
 *
 * @param connection the address, as `pg` accepts it
 * @param signal ends the wait for a connection
 * @throws DatabaseUnreachableError if a connection cannot be opened
 * @throws ConnectionLostError if the server ends a session during the check
 */
export async function keepsSessions(connection: ClientConfig, signal?: AbortSignal): Promise<boolean> {
  await using first = await connect(connection, signal);
  if ((await first.session()) === first.announced) return true;
  await using second = await connect(connection, signal);
  const [ofFirst, ofSecond] = [new Set<number>(), new Set<number>()];
  for (let round = 1; round <= ROUNDS; round += 1) {
    // Each connection asks twice in a row: if two sessions alternate, single questions would always reach the same
    // one.
    ofFirst.add(await first.session());
    ofSecond.add(await second.session());
    ofSecond.add(await second.session());
    ofFirst.add(await first.session());
  }
  const ofBoth = new Set([...ofFirst, ...ofSecond]);
  return ofFirst.size === 1 && ofSecond.size === 1 && ofBoth.size === 2;
}

/** A connection that is used only to identify its session. */
interface ObservedConnection extends AsyncDisposable {
  /** The process id announced when the connection was opened. */
  readonly announced: unknown;
  /** The process id of the session that answers now. */
  session(): Promise<number>;
}

async function connect(
  connection: ClientConfig,
  signal: AbortSignal | undefined,
): Promise<ObservedConnection> {
  const client = clientFor({
    ...connection,
    connectionTimeoutMillis: TIMEOUT_MS,
    query_timeout: TIMEOUT_MS,
  });
  let lost: Error | undefined;
  client.on('error', (error) => (lost ??= error)); // One that is cut with a query in flight fails that query.
  await connectClient(client, signal);
  return {
    // `pg` has this property, but its types do not declare it.
    announced: 'processID' in client && client.processID,
    async session() {
      // The driver's own error only says that the client is not queryable.
      if (lost !== undefined) throw new ConnectionLostError(lost);
      const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
      return rows[0]!.pid;
    },
    [Symbol.asyncDispose]: () => closeClient(client),
  };
}
