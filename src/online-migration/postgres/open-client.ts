import { Client, type ClientConfig } from 'pg';
import { OnlineMigrationError } from '../change/online-migration-error.ts';

/** The forms of an address that the driver parses as one. It reads any other text as a database's name. */
const ADDRESS = /^(postgres(ql)?:\/\/|socket:|\/)/;

/** Longest wait for a connection, in milliseconds: a server that does not answer must not hold up a command. */
const OPEN_MS = 10_000;

/** The connection, as people set it. */
const CONNECTION = 'of the connection, in DATABASE_URL or the configuration file';

const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [/^28/, `Correct the user and the password ${CONNECTION}.`],
  [/^3D000$/, `Create the database, or correct its name ${CONNECTION}.`],
  [/^53300$/, 'End other sessions, or raise `max_connections` of the server.'],
];
const ANY_REMEDY = `Start the server, or correct the host and the port ${CONNECTION}.`;
const PASSWORD_REMEDY = `Give the password ${CONNECTION}.`;
/** The password is missing; the driver gives no code. */
const OF_PASSWORD = /^SASL:/;

/** No connection to the database could be opened. */
export class DatabaseUnreachableError extends OnlineMigrationError {
  override readonly name = 'DatabaseUnreachableError';
  override readonly cause: Error;

  /** @param cause the error of the driver or of the server */
  constructor({ database, host, port, user }: Client, cause: Error) {
    const { code = '' } = cause as NodeJS.ErrnoException;
    // If a host has several addresses and all refuse, the error has a code and no message.
    const reason = cause.message || code;
    const remedy =
      REMEDIES.find(([states]) => states.test(code))?.[1] ??
      (OF_PASSWORD.test(reason) ? PASSWORD_REMEDY : ANY_REMEDY);
    super(
      'DATABASE_UNREACHABLE',
      `Cannot connect to the database ${database} on ${host}:${port} as ${user}: ${reason}. ${remedy}`,
      { database, host, port, user, reason },
      { cause },
    );
    this.cause = cause;
  }
}

/**
 * A client for an address, not connected yet.
 * @throws OnlineMigrationError if the address is no URL; the message does not repeat it, because it can contain a
 *   password
 */
export function clientFor(config: ClientConfig): Client {
  const { connectionString } = config;
  try {
    if (!connectionString || ADDRESS.test(connectionString)) {
      return new Client({ connectionTimeoutMillis: OPEN_MS, ...config });
    }
  } catch (error) {
    throw invalidUrl({ cause: error });
  }
  throw invalidUrl();
}

/**
 * Connects a client.
 * @param signal ends the wait
 * @throws DatabaseUnreachableError; the signal's reason
 */
export async function connectClient(client: Client, signal?: AbortSignal): Promise<void> {
  const giveUp = () => client.connection.stream.destroy();
  signal?.addEventListener('abort', giveUp, { once: true });
  try {
    await client.connect();
  } catch (error) {
    signal?.throwIfAborted();
    throw new DatabaseUnreachableError(client, error as Error);
  } finally {
    signal?.removeEventListener('abort', giveUp);
  }
}

function invalidUrl(options?: ErrorOptions): OnlineMigrationError {
  return new OnlineMigrationError(
    'CONNECTION_INVALID',
    'The connection is no URL of a PostgreSQL database. Write it as `postgresql://user:password@host:5432/database`, and ' +
      'percent-encode special characters of the user and the password. It comes from the configuration file, often from ' +
      'DATABASE_URL.',
    {},
    options,
  );
}
