import { defineConfig, type EntitySchema, MikroORM, type Options } from '@mikro-orm/postgresql';
import type { PoolConfig } from 'pg';

/** Connections of the pool at most. */
const POOL_SIZE = 10;

/** How long the command line waits for a connection, in milliseconds. */
const CONNECTION_TIMEOUT_MS = 10_000;

/** An ORM that is open; disposing of it closes its connections. */
export interface OpenOrm extends AsyncDisposable {
  readonly orm: MikroORM;
}

/**
 * @param url where the database is: `postgres://…`
 * @param entities those to register
 * @param connections what the pool of connections is to be made with
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
      // An application without features has none.
      warnWhenNoEntities: false,
    },
    // Otherwise the first connection tries to create a database that it does not find.
    ensureDatabase: false,
    pool: { min: 0, max: POOL_SIZE },
    // MikroORM takes host, user and database from the URL, and leaves `?sslmode=require` behind; `pg` takes it all.
    driverOptions: { connectionString: url, ...connections },
  });
}

/**
 * Opens an ORM. It connects with the first query.
 *
 * @param url where the database is
 * @param entities those of all features
 * @param connections what the pool of connections is to be made with
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
      // Kysely does not end a pool through which it has never sent a query.
      if (!pool.ending) await pool.end();
    },
  };
}
