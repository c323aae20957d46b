import { defineConfig, MikroORM, type Options } from '@mikro-orm/postgresql';
import type { PoolConfig } from 'pg';
import { poolNameOf } from '../online-migration/follow/presence.ts';
import { createdAtColumn } from './created-at-change.ts';
import { allMappings, type Mappings } from './mappings.ts';

/** Connections of the pool at most. */
const POOL_SIZE = 10;

/** How long the command line waits for a connection, in milliseconds. */
const CONNECTION_TIMEOUT_MS = 10_000;

/** The application's ORM; disposing of it closes its connections. */
export interface OpenOrm extends AsyncDisposable {
  readonly orm: MikroORM;
}

/**
 * @param url where the database is: `postgres://…`
 * @param entities the mappings to register; a comparison of the schema takes `[renamedMapping]`, the only one that
 *   describes the table when all migrations have run
 * @param connections what the pool of connections is to be made with
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
    // Several mappings of one table are the point here.
    discovery: { checkDuplicateTableNames: false },
    // Otherwise the first connection tries to create a database that it does not find.
    ensureDatabase: false,
    pool: { min: 0, max: POOL_SIZE },
    // MikroORM takes host, user and database from the URL, and leaves `?sslmode=require` behind; `pg` takes it all.
    driverOptions: { connectionString: url, ...connections },
  });
}

/**
 * Opens the application's ORM. It connects with the first query.
 *
 * @param url where the database is
 * @param connections what the pool of connections is to be made with
 * @param mappings those that this version of the application knows: the repository picks one for each query
 */
export async function openOrm(
  url: string,
  connections: PoolConfig,
  mappings: Mappings = allMappings,
): Promise<OpenOrm> {
  // Contract can then tell the sessions of this process from those of one that does not say which column it uses.
  const named = { application_name: poolNameOf(createdAtColumn), ...connections };
  const orm = await MikroORM.init(ormOptions(url, Object.values(mappings), named));
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
