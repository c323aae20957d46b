import type { Pool, PoolClient } from 'pg';

/**
 * Returns connections to the pool if they are lost within a transaction. Kysely, which runs MikroORM's statements, returns the
 * connection of a transaction only after a successful commit or rollback (its issue 1990). Each lost one would occupy a place
 * in the pool, until no request gets a connection.
 *
 * @param pool of an ORM; call it once for each pool
 */
export function returnLostConnections(pool: Pool): void {
  const known = new WeakSet<PoolClient>();
  const inUse = new WeakSet<PoolClient>();
  pool.on('acquire', (client) => {
    inUse.add(client);
    if (known.has(client)) return;
    known.add(client);
    const returned = returnOnce(client);
    client.once('end', () => {
      if (inUse.has(client)) returned();
    });
  });
  pool.on('release', (_error, client) => inUse.delete(client));
}

/**
 * The pool throws if a connection is returned a second time, and its user does not know that it has been returned. The pool gives
 * the client a new `release` each time, and hands the same function to callbacks.
 *
 * @returns returns the connection for good; whatever its user does then has no effect
 */
function returnOnce(client: PoolClient): () => void {
  let isReturned = false;
  let release: PoolClient['release'] | undefined;
  Object.defineProperty(client, 'release', {
    get: () => release,
    set(give: PoolClient['release']) {
      release = (error) => {
        if (!isReturned) give(error);
      };
    },
    configurable: true,
  });
  return () => {
    release?.(true);
    isReturned = true;
  };
}
