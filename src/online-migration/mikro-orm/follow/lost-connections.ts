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
    client.once('end', () => {
      if (!inUse.has(client)) return;
      client.release(true);
      // The pool throws if its user returns a connection a second time.
      client.release = () => undefined;
    });
  });
  pool.on('release', (_error, client) => inUse.delete(client));
}
