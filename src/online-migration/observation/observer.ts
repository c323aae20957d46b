import { setTimeout } from 'node:timers/promises';
import { Client, type ClientConfig } from 'pg';
import type { Queryable } from '../postgres/queryable.ts';
import { PACKAGE_NAME } from '../follow/presence.ts';

/** A server that is silent for so long has nothing to show. */
const PATIENCE_MS = 5_000;
const END_MS = 1_000;

/** A connection to read overviews with. */
export type Observer = Queryable & AsyncDisposable;

/**
 * Opens a connection for reading overviews: beside the pool, which may be exhausted just when there is something to see,
 * and under a name of the package, so that no backfill takes it for work of the application. It changes no setting of
 * the session, which a pooler would hand on to others.
 * @param connection where to, as `pg` takes it
 */
export async function openObserver(connection: ClientConfig): Promise<Observer> {
  const client = new Client({
    ...connection,
    application_name: `${PACKAGE_NAME} observer`,
    connectionTimeoutMillis: PATIENCE_MS,
    query_timeout: PATIENCE_MS,
  });
  // A lost connection fails the statement in flight; without a listener it would end the process.
  client.on('error', () => undefined);
  await client.connect();
  return Object.assign(client, {
    // On a network that has fallen silent, a proper end would be waited for until the system gives up.
    [Symbol.asyncDispose]: () =>
      Promise.race([client.end().catch(() => undefined), setTimeout(END_MS, undefined, { ref: false })]),
  });
}
