import type { ClientConfig } from 'pg';
import { closeClient } from '../postgres/close-client.ts';
import { clientFor, connectClient } from '../postgres/open-client.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { PACKAGE_NAME } from '../follow/presence.ts';

/** Timeout of a silent server. */
const PATIENCE_MS = 5_000;

/** A connection for reading overviews. */
export type Observer = Queryable & AsyncDisposable;

/**
 * Opens a connection for reading overviews. It does not use the pool, which may be exhausted just when the overview
 * is needed. It has a name of the package, so a backfill does not count it as the application's. It changes no
 * setting of the session, because a pooler would pass the setting on to others.
 * @param connection the address, as `pg` accepts it
 * @throws DatabaseUnreachableError if the connection cannot be opened
 */
export async function openObserver(connection: ClientConfig): Promise<Observer> {
  const client = clientFor({
    ...connection,
    application_name: `${PACKAGE_NAME} observer`,
    connectionTimeoutMillis: PATIENCE_MS,
    query_timeout: PATIENCE_MS,
  });
  // When the connection is lost, the statement in flight fails. Without a listener, the process would end.
  client.on('error', () => undefined);
  await connectClient(client);
  return Object.assign(client, { [Symbol.asyncDispose]: () => closeClient(client) });
}
