import type { ColumnChange } from '../change/column-change.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { findPresences, processOfPool, PACKAGE_NAME } from './presence.ts';

/** Enough to identify the statement; a query can be megabytes long. */
const QUERY_CHARACTERS = 200;

/**
 * Sessions of one application name, user and address that use the table, and whose process does not declare its
 * column.
 */
export interface UndeclaredSessions {
  /** Their application name; may be empty. */
  readonly application: string;
  readonly user: string;
  /** Address of their connections; null for a local socket. */
  readonly address: string | null;
  readonly count: number;
  /** The beginning of the current or last statement of one of them. */
  readonly statement: string;
}

/**
 * Finds sessions whose current or last statement names the table, and whose process has declared no presence:
 * application versions older than the package, other programs, people. The statement shows the column that they use.
 * A session does not appear if its last statement concerned another table or was `commit`, or if the reading role may
 * not see its statements (`pg_read_all_stats`).
 */
export async function findUndeclaredSessions(
  database: Queryable,
  change: ColumnChange,
): Promise<UndeclaredSessions[]> {
  const found = await findSessionsNaming(database, [change.table.name]);
  const declared = new Set((await findPresences(database, change)).map(({ process }) => process));
  return found.filter(({ application }) => {
    const process = processOfPool(change, application);
    return process === undefined ? !application.startsWith(PACKAGE_NAME) : !declared.has(process);
  });
}

/**
 * Finds sessions whose current or last statement names one of the tables.
 * @param tables their names alone, unquoted
 */
export async function findSessionsNaming(
  database: Queryable,
  tables: readonly string[],
): Promise<UndeclaredSessions[]> {
  const { rows } = await database.query<UndeclaredSessions>(
    `
    select application_name as application, coalesce(usename, '') as "user", host(client_addr) as address,
      count(*)::int as count, left(regexp_replace(max(query), '\\s+', ' ', 'g'), ${QUERY_CHARACTERS}) as statement
    from pg_catalog.pg_stat_activity
    where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()
      and exists (
        select from unnest($1::text[]) as named (name), lower(named.name) as plain
        where strpos(lower(query), plain) > 0 or strpos(lower(query), replace(plain, '"', '""')) > 0
      )
    group by application_name, usename, client_addr
    order by count desc, application, address`,
    [tables],
  );
  return rows;
}

/** The sessions in a message. */
export function describeSessions({
  application,
  user,
  address,
  count,
  statement,
}: UndeclaredSessions): string {
  return (
    `${count} of ${JSON.stringify(application)}, user ${user}${address === null ? '' : ` from ${address}`}, ` +
    `such as: ${statement}`
  );
}
