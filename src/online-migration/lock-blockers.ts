import type { Queryable } from './column-change.ts';

/** Enough to see who it is; a query can be megabytes long. */
const QUERY_CHARACTERS = 200;
const MOST_BLOCKERS = 5;

/** A session that holds a lock on one of several tables. */
export interface Blocker {
  readonly pid: number;
  readonly application: string;
  /** `user ann`; of a process of the server's own what it is, `autovacuum worker`. */
  readonly owner: string;
  readonly state: string;
  /** Seconds since its transaction began. */
  readonly seconds: number;
  /** The first 200 characters of its present or last query. */
  readonly query: string;
}

/**
 * The sessions that hold any lock on one of some tables, or on a partition of one, the oldest transaction first, five at most.
 * @param tables schema and name, quoted
 */
export async function findBlockers(database: Queryable, tables: readonly string[]): Promise<Blocker[]> {
  const { rows } = await database.query<Blocker>(
    `
    with recursive member as (
      select to_regclass(name)::oid as oid from unnest($1::text[]) as name
      union
      select i.inhrelid from pg_catalog.pg_inherits i join member on member.oid = i.inhparent
    )
    select a.pid, a.application_name as application, coalesce('user ' || a.usename, a.backend_type) as owner,
      coalesce(a.state, 'unknown') as state,
      coalesce(extract(epoch from clock_timestamp() - a.xact_start), 0)::float8 as seconds,
      left(regexp_replace(a.query, '\\s+', ' ', 'g'), ${QUERY_CHARACTERS}) as query
    from pg_catalog.pg_stat_activity a
    where a.pid <> pg_backend_pid()
      and a.pid in (
        select l.pid
        from pg_catalog.pg_locks l
        where l.granted and l.relation in (select oid from member)
          and l.database = (select oid from pg_catalog.pg_database where datname = current_database())
      )
    order by a.xact_start nulls last
    limit ${MOST_BLOCKERS}`,
    [tables],
  );
  return rows;
}

/** One line about a blocker, for a log or an error. */
export function describeBlocker(blocker: Blocker): string {
  const who = blocker.application === '' ? '' : ` "${blocker.application}"`;
  return (
    `pid ${blocker.pid}${who}, ${blocker.owner}, ${blocker.state}, ` +
    `in its transaction for ${blocker.seconds.toFixed(1)} s: ${blocker.query}`
  );
}
