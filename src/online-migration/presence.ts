import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import type { ActiveColumn } from './active-column.ts';
import type { ColumnChange, Queryable } from './column-change.ts';
import { namesOf } from './names.ts';

/** PostgreSQL cuts an application name off behind this many bytes. */
const MAX_NAME_BYTES = 63;
const HASH_CHARACTERS = 8;

/** A live process of the application, as its session's application name tells. */
export interface Presence {
  readonly pid: number;
  /** Where it runs: `host:process id`, the host cut off where it is long. */
  readonly process: string;
  /** The mapping that it uses now. */
  readonly form: ActiveColumn['form'];
  /** Address of its connection, null for a local socket. */
  readonly address: string | null;
}

/**
 * The application name of a session that says which column its process uses: `online-migration/<change>/<form>/<process>`.
 * @param form the mapping that the process uses
 */
export function presenceName(change: ColumnChange, form: ActiveColumn['form']): string {
  const prefix = `${prefixOf(change)}${form}/`;
  const suffix = `:${process.pid}`;
  const room = MAX_NAME_BYTES - Buffer.byteLength(prefix) - Buffer.byteLength(suffix);
  return `${prefix}${hostname()
    .replaceAll(/[^\x21-\x7e]/g, '?')
    .slice(0, room)}${suffix}`;
}

/** All live processes of the application that say which column of a change they use. */
export async function findPresences(database: Queryable, change: ColumnChange): Promise<Presence[]> {
  const prefix = prefixOf(change);
  const { rows } = await database.query<{ pid: number; application_name: string; address: string | null }>(
    `
    select pid, application_name, host(client_addr) as address
    from pg_catalog.pg_stat_activity
    where datname = current_database() and starts_with(application_name, $1)
    order by backend_start`,
    [prefix],
  );
  return rows.map((row) => {
    const [form = '', name = ''] = row.application_name.slice(prefix.length).split('/');
    return { pid: row.pid, process: name, form: form as ActiveColumn['form'], address: row.address };
  });
}

/** Names the change in few bytes; the application's name has to fit behind it. */
function prefixOf(change: ColumnChange): string {
  const hash = createHash('sha256').update(namesOf(change).change).digest('hex').slice(0, HASH_CHARACTERS);
  return `online-migration/${hash}/`;
}
