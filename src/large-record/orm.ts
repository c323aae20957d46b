import { defineConfig, type Options } from '@mikro-orm/postgresql';
import { newColumnMapping, renamedMapping, textMapping } from './mappings.ts';

/** Connections that one process holds at most. */
const POOL_SIZE = 10;

/** How long a request waits for a connection before it is answered with 503, in milliseconds. */
const CONNECTION_TIMEOUT_MS = 10_000;

/** The three mappings of the table, for the application: the repository picks one for each query. */
const allMappings = [textMapping, newColumnMapping, renamedMapping];

/**
 * @param url where the database is: `postgres://…`
 * @param entities the mappings to register; a comparison of the schema takes `[renamedMapping]`, the only one that
 *   describes the table when all migrations have run
 * @returns MikroORM's options, the same for the application and its command line
 */
export function ormOptions(url: string, entities: NonNullable<Options['entities']> = allMappings): Options {
  return defineConfig({
    clientUrl: url,
    entities,
    // Three mappings of one table are the point here.
    discovery: { checkDuplicateTableNames: false },
    // Otherwise the first connection tries to create a database that it does not find.
    ensureDatabase: false,
    pool: { min: 0, max: POOL_SIZE },
    driverOptions: { connectionTimeoutMillis: CONNECTION_TIMEOUT_MS, keepAlive: true },
  });
}
