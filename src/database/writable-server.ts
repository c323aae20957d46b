import { setTimeout as delay } from 'node:timers/promises';
import { Client, type ClientBase } from 'pg';
import { describeDatabaseError, isTransient } from 'online-migration';
import { printableUrl, urlsOfHosts } from './connection-url.ts';

/** Time limit for a connection to one server, in milliseconds. */
const CONNECTION_TIMEOUT_MS = 5_000;
const PAUSE_MS = 250;

/** The server is a standby or otherwise read-only. The code is PostgreSQL's code for a write on it. */
export class ReadOnlyServerError extends Error {
  override readonly name = 'ReadOnlyServerError';
  readonly code = '25006';
}

/**
 * Finds the server that accepts writes; waits if none does.
 *
 * @param url may name several hosts
 * @param waitMs longest wait, in milliseconds
 * @param log receives one line if it has to wait
 * @param signal ends the wait
 * @returns the URL of the first server that accepts writes
 * @throws Error with a sentence after the wait, or at once for a permanent error such as a wrong password
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
    const servers = printableUrl(url);
    if (!isTransient(failure) || performance.now() >= deadline) {
      throw new Error(
        `The database ${servers} cannot be used: ${describeDatabaseError(failure)}. ` +
          `Start it, or correct DATABASE_URL, then run the same command again.`,
        { cause: failure },
      );
    }
    if (!isTold) log(`Waiting up to ${waitMs / 1000} s for ${servers}: ${describeDatabaseError(failure)}`);
    await delay(PAUSE_MS, undefined, { signal });
  }
}

async function tryServer(url: string): Promise<void> {
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECTION_TIMEOUT_MS,
    query_timeout: CONNECTION_TIMEOUT_MS,
  });
  // A lost connection fails the query, or no longer matters.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await assertTakesWrites(client);
  } finally {
    // Not awaited: an unresponsive server would not answer this either.
    void client.end();
  }
}

export async function assertTakesWrites(client: ClientBase): Promise<void> {
  const { rows } = await client.query<{ read_only: boolean }>(
    `select current_setting('transaction_read_only')::boolean as read_only`,
  );
  if (rows[0]?.read_only) throw new ReadOnlyServerError('The server is read-only.');
}
