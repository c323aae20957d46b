import { Client, type ClientConfig } from 'pg';
import { OnlineMigrationError } from '../change/online-migration-error.ts';
import { ConnectionLostError } from './session.ts';

/** How long one connection, or one answer, may take, in milliseconds. */
const TIMEOUT_MS = 10_000;

/**
 * A pooler that hands its sessions out by the transaction gives them away in an order of its own, and other clients ask
 * too. So many rounds leave no order in which two connections that share sessions would look as if they did not.
 */
const ROUNDS = 8;

/** The connection leads through a pooler that gives each transaction another session. */
export class SessionsNotKeptError extends OnlineMigrationError {
  override readonly name = 'SessionsNotKeptError';

  constructor() {
    super(
      'SESSIONS_NOT_KEPT',
      'The database is reached through a pooler that gives each transaction another session (PgBouncer calls it ' +
        'transaction mode): the lock that keeps two migrators apart would not hold. Set DATABASE_DIRECT_URL to the ' +
        'server itself, or to a pool in session mode, then run the same command again. Nothing was changed.',
    );
  }
}

/**
 * Whether a connection to this address has one session of the server for as long as it lasts, so that settings,
 * advisory locks and notifications stay with whom they are for.
 *
 * 1. At the start of a connection PostgreSQL tells its process id, for cancelling; a pooler tells a number of its own. Where
 *    the process that answers is the one that was told, nothing is between.
 * 2. Else a second connection. One session that answers both, or two that answer one, prove that they are shared.
 * 3. Else it is a pooler in session mode, which keeps them.
 *
 * It changes nothing, not even a setting: on a shared session that would stay for others.
 *
 * @param connection where to; as `pg` takes it
 * @throws ConnectionLostError if the server ends a session between two questions
 */
export async function keepsSessions(connection: ClientConfig): Promise<boolean> {
  await using first = await connect(connection);
  if ((await first.session()) === first.announced) return true;
  await using second = await connect(connection);
  const [ofFirst, ofSecond] = [new Set<number>(), new Set<number>()];
  for (let round = 1; round <= ROUNDS; round += 1) {
    // Twice each in a row: where two sessions take turns, each connection would meet the same one every second time.
    ofFirst.add(await first.session());
    ofSecond.add(await second.session());
    ofSecond.add(await second.session());
    ofFirst.add(await first.session());
  }
  const ofBoth = new Set([...ofFirst, ...ofSecond]);
  return ofFirst.size === 1 && ofSecond.size === 1 && ofBoth.size === 2;
}

/** A connection of which only the session behind it is of interest. */
interface ObservedConnection extends AsyncDisposable {
  /** The process id that was told at the connection's start. */
  readonly announced: unknown;
  /** The process id of the session that answers now. */
  session(): Promise<number>;
}

async function connect(connection: ClientConfig): Promise<ObservedConnection> {
  const client = new Client({
    ...connection,
    connectionTimeoutMillis: TIMEOUT_MS,
    query_timeout: TIMEOUT_MS,
  });
  let lost: Error | undefined;
  client.on('error', (error) => (lost ??= error)); // One that is cut with a query in flight fails that query.
  await client.connect();
  return {
    // `pg` keeps it, and its types do not say so.
    announced: 'processID' in client && client.processID,
    async session() {
      // The driver would only say that the client is not queryable.
      if (lost !== undefined) throw new ConnectionLostError(lost);
      const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
      return rows[0]!.pid;
    },
    [Symbol.asyncDispose]: () => client.end(),
  };
}
