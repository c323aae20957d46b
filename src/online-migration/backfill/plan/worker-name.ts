import { hostname } from 'node:os';
import type { Queryable } from '../../postgres/queryable.ts';

/** PostgreSQL truncates an application name to this many bytes. */
const MAX_NAME_BYTES = 63;
const NAME_PREFIX = 'online-migration worker of ';

/** The host and process, `host:process id`; a long host is truncated. */
export function processName(): string {
  const suffix = `:${process.pid}`;
  const room = MAX_NAME_BYTES - Buffer.byteLength(NAME_PREFIX) - Buffer.byteLength(suffix);
  return `${hostname()
    .replaceAll(/[^\x21-\x7e]/g, '?')
    .slice(0, room)}${suffix}`;
}

/** The application name of every session of a worker process, by which other processes find it. */
export function workerSessionName(): string {
  return `${NAME_PREFIX}${processName()}`;
}

/** The worker processes that are connected to this database, by their names. */
export async function findWorkerProcesses(database: Queryable): Promise<string[]> {
  const { rows } = await database.query<{ name: string }>(
    `
    select distinct substr(application_name, length($1) + 1) as name
    from pg_catalog.pg_stat_activity
    where datname = current_database() and starts_with(application_name, $1)
    order by name`,
    [NAME_PREFIX],
  );
  return rows.map(({ name }) => name);
}
