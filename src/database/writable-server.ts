import { setTimeout as delay } from 'node:timers/promises';
import { Client, type ClientBase } from 'pg';
import { describeDatabaseError, isTransient } from 'online-migration';
import { printableUrl, urlsOfHosts } from './connection-url.ts';

/** How long one server may take to accept a connection, in milliseconds. */
const CONNECTION_TIMEOUT_MS = 5_000;
const PAUSE_MS = 250;

/** The server is a standby, or was told to take no writes. Its code is PostgreSQL's for a write there. */
export class ReadOnlyServerError extends Error {
  override readonly name = 'ReadOnlyServerError';
  readonly code = '25006';
}

/**
 * Finds the server that takes writes, and waits for one where none does.
 *
 * @param url may name several hosts
 * @param waitMs how long to wait at most, in milliseconds
 * @param log receives one line where there is something to wait for
 * @param signal ends the wait
 * @returns the URL of the first server that takes writes
 * @throws Error with a sentence when the time is over, or at once for a reason that does not pass by itself, such as a
 *   wrong password
 */
export async function awaitWritableServer(
  url: string,
  waitMs: number,
  log: (line: string) => void,
  signal?: AbortSignal,
): Promise<string> {
  const deadline = performance.now() + waitMs;
  for (let isTold = false; ; isTold = true) {
    let failure: unknown;
    for (const urlOfHost of urlsOfHosts(url)) {
      try {
        await tryServer(urlOfHost);
        return urlOfHost;
      } catch (error) {
        failure = error;
        if (!isTransient(error)) break;
      }
    }
    const where = printableUrl(url);
    if (!isTransient(failure) || performance.now() >= deadline) {
      throw new Error(
        `The database ${where} cannot be used: ${describeDatabaseError(failure)}. ` +
          `Start it, or correct DATABASE_URL, then run the same command again.`,
        { cause: failure },
      );
    }
    if (!isTold) log(`Waiting up to ${waitMs / 1000} s for ${where}: ${describeDatabaseError(failure)}`);
    await delay(PAUSE_MS, undefined, { signal });
  }
}

async function tryServer(url: string): Promise<void> {
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECTION_TIMEOUT_MS,
    query_timeout: CONNECTION_TIMEOUT_MS,
  });
  // What happens to the connection fails the query, or no longer matters.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await assertTakesWrites(client);
  } finally {
    // Not awaited: a server that has fallen silent would not answer the goodbye either.
    void client.end();
  }
}

export async function assertTakesWrites(client: ClientBase): Promise<void> {
  const { rows } = await client.query<{ read_only: boolean }>(
    `select current_setting('transaction_read_only')::boolean as read_only`,
  );
  if (rows[0]?.read_only) throw new ReadOnlyServerError('The server takes no writes.');
}
