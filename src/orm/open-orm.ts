import { defineConfig, type EntitySchema, MikroORM, type Options } from '@mikro-orm/postgresql';
import type { PoolConfig } from 'pg';

/** Greatest number of connections in the pool. */
const POOL_SIZE = 10;

/** How long the command line waits for a connection, in milliseconds. */
const CONNECTION_TIMEOUT_MS = 10_000;

/** An open ORM. Disposing of it closes its connections. */
export interface OpenOrm extends AsyncDisposable {
  readonly orm: MikroORM;
}

/**
 * @param url of the database: `postgres://…`
 * @param entities to register
 * @param connections configuration of the pool
 * @returns MikroORM's options, the same for the application and its command line
 */
export function ormOptions(
  url: string,
  entities: readonly EntitySchema[],
  connections: PoolConfig = { connectionTimeoutMillis: CONNECTION_TIMEOUT_MS, keepAlive: true },
): Options {
  return defineConfig({
    clientUrl: url,
    entities: [...entities],
    discovery: {
      // During a column change, several mappings describe one table.
      checkDuplicateTableNames: false,
      // An application without features has no entities.
      warnWhenNoEntities: false,
    },
    // Otherwise the first connection tries to create a missing database.
    ensureDatabase: false,
    pool: { min: 0, max: POOL_SIZE },
    // MikroORM takes host, user and database from the URL but ignores `?sslmode=require`; `pg` reads the whole URL.
    driverOptions: { connectionString: url, ...connections },
  });
}

/**
 * Opens an ORM. It connects at the first query.
 *
 * @param url of the database
 * @param entities of all features
 * @param connections configuration of the pool
 */
export async function openOrm(
  url: string,
  entities: readonly EntitySchema[],
  connections: PoolConfig,
): Promise<OpenOrm> {
  const orm = await MikroORM.init(ormOptions(url, entities, connections));
  const pool = await orm.em.getConnection().getNativeClient();
  return {
    orm,
    async [Symbol.asyncDispose]() {
      await orm.close();
      // Kysely does not close a pool that it has never used.
      if (!pool.ending) await pool.end();
    },
  };
}
