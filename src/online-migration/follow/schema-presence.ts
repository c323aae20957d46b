import type { ClientConfig } from 'pg';
import { clientConfigOf } from '../postgres/client-config.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { keepSession } from './kept-session.ts';
import { PACKAGE_NAME } from './presence.ts';
import { MAX_NAME_BYTES, plainName, processName } from './process-name.ts';

const PREFIX = `${PACKAGE_NAME}/schema/`;
/** Enough for the number or the time at the beginning of a migration's name: `Migration20260131120000`. */
const MIGRATION_CHARACTERS = 23;

/** Options of {@link declareSchema}. */
export interface DeclareSchemaOptions {
  /**
   * The name of the newest migration that this version of the application was built for. Its first 23 characters are declared.
   * Names are compared as MikroORM sorts them.
   */
  readonly newestMigration: string;
  /** Opens one more session: a URL, or a function that is called before each connection. If there is a transaction pooler, connect past it. */
  readonly connection: string | (() => ClientConfig);
  /** Receives a line when that session is lost, and when it is back. */
  readonly log: (line: string) => void;
}

/**
 * Declares the schema that this process was built for, as long as it lives. A migration that drops or renames something can wait
 * for processes that were built before another migration: `-- online: after 0012_stop_using_note`.
 *
 * @returns ends the declaration; resolves when the first connection is open, has failed or is impossible
 */
export function declareSchema({
  newestMigration,
  connection,
  log,
}: DeclareSchemaOptions): Promise<AsyncDisposable> {
  return keepSession({
    connection: typeof connection === 'string' ? () => clientConfigOf(connection) : connection,
    log,
    name: () => sessionName(newestMigration),
    withoutSession:
      'Through a pooler in transaction mode this process cannot declare its schema: connect to the server itself, so that migrations see it.',
    use: async (session, stop, opened) => {
      const ended = Promise.withResolvers<never>();
      for (const signal of [stop, session.lost]) {
        signal.addEventListener('abort', () => ended.reject(signal.reason), { once: true });
        signal.throwIfAborted();
      }
      opened();
      return ended.promise;
    },
  });
}

/** A live process that declares its schema. */
export interface SchemaPresence {
  readonly pid: number;
  /** The beginning of the name of the newest migration that it was built for. */
  readonly newestMigration: string;
  /** Host and process: `host:process id`. Of a long host, only its end. */
  readonly process: string;
  /** Address of its connection; null for a local socket. */
  readonly address: string | null;
}

/** Finds all live processes that declare their schema. */
export async function findSchemaPresences(database: Queryable): Promise<SchemaPresence[]> {
  const { rows } = await database.query<{ pid: number; name: string; address: string | null }>(
    `
    select pid, application_name as name, host(client_addr) as address
    from pg_catalog.pg_stat_activity
    where datname = current_database() and starts_with(application_name, $1)
    order by application_name, backend_start`,
    [PREFIX],
  );
  return rows.map(({ pid, name, address }) => {
    const [newestMigration = '', process = ''] = name.slice(PREFIX.length).split('/');
    return { pid, newestMigration, process, address };
  });
}

/** Whether a process was built before a migration. */
export function isOlderThan({ newestMigration }: SchemaPresence, migration: string): boolean {
  return newestMigration < declared(migration);
}

function declared(migration: string): string {
  return plainName(migration.slice(0, MIGRATION_CHARACTERS));
}

function sessionName(migration: string): string {
  const prefix = `${PREFIX}${declared(migration)}/`;
  return prefix + processName(MAX_NAME_BYTES - prefix.length);
}
