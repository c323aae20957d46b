import { defineConfig, type Options } from '@mikro-orm/postgresql';
import type { PoolConfig } from 'pg';

/** Greatest number of connections in the pool. */
const POOL_SIZE = 10;

/** How long the command line waits for a connection, in milliseconds. */
const CONNECTION_TIMEOUT_MS = 10_000;

/**
 * @param url of the database: `postgres://…`
 * @param entities to register
 * @param connections configuration of the pool
 * @returns MikroORM's options, the same for the application and its command line
 */
export function ormOptions(
  url: string,
  entities: NonNullable<Options['entities']>,
  connections: PoolConfig = { connectionTimeoutMillis: CONNECTION_TIMEOUT_MS, keepAlive: true },
): Options {
  return defineConfig({
    clientUrl: url,
    entities,
    // An application without features has no entities.
    discovery: { warnWhenNoEntities: false },
    // Otherwise the first connection tries to create a missing database.
    ensureDatabase: false,
    pool: { min: 0, max: POOL_SIZE },
    // MikroORM takes host, user and database from the URL but ignores `?sslmode=require`; `pg` reads the whole URL.
    driverOptions: { connectionString: url, ...connections },
  });
}
