import type { Queryable } from './column-change.ts';

/** Enough to see who it is; a query can be megabytes long. */
const QUERY_CHARACTERS = 200;
const MOST_BLOCKERS = 5;

/**
 * Which locks count: any lock on a table keeps a strong lock waiting; rows can be held by those who lock the table to write,
 * or to lock rows, or against writes.
 */
const MODES = {
  any: 'true',
  rows: `l.mode not in ('AccessShareLock', 'ShareUpdateExclusiveLock')`,
};

/** A transaction that holds a lock on one of several tables. */
export interface Blocker {
  /** Tells it from every other transaction. */
  readonly transaction: string;
  /** Null if it is a prepared transaction, which no session has any more. */
  readonly pid: number | null;
  /** How the prepared transaction is called, as an SQL literal. */
  readonly gid: string | null;
  readonly application: string;
  /** `user ann`; of a process of the server's own what it is, `autovacuum worker`. */
  readonly owner: string;
  /** Whether this session's role may see what it does; if not, the three that follow are null. */
  readonly isVisible: boolean;
  readonly state: string | null;
  /** Seconds since its transaction began, or was prepared; null if it has none. */
  readonly seconds: number | null;
  /** The first 200 characters of its present or last query. */
  readonly query: string | null;
}

/**
 * The transactions that hold a lock on one of some tables, or on a partition of one, the oldest first, five at most.
 * @param tables schema and name, quoted
 * @param locks which locks count: `any`, or those whose holder may hold `rows`
 */
export async function findBlockers(
  database: Queryable,
  tables: readonly string[],
  locks: keyof typeof MODES = 'any',
): Promise<Blocker[]> {
  const { rows } = await database.query<Blocker>(
    `
    with recursive member as (
      select to_regclass(name)::oid as oid from unnest($1::text[]) as name
      union
      select i.inhrelid from pg_catalog.pg_inherits i join member on member.oid = i.inhparent
    ), holder as (
      select distinct l.pid, l.virtualtransaction
      from pg_catalog.pg_locks l
      where l.granted and l.relation in (select oid from member) and ${MODES[locks]}
        and l.database = (select oid from pg_catalog.pg_database where datname = current_database())
    ), prepared as (
      -- Each transaction holds its own number, whatever its virtual one looks like.
      select l.virtualtransaction, p.*
      from pg_catalog.pg_prepared_xacts p
      join pg_catalog.pg_locks l
        on l.locktype = 'transactionid' and l.transactionid = p.transaction and l.pid is null and l.granted
    ), session as (
      select a.*,
        pg_has_role('pg_read_all_stats', 'usage') or coalesce(pg_has_role(a.usesysid, 'usage'), false) as visible
      from pg_catalog.pg_stat_activity a
      where a.pid <> pg_backend_pid()
    )
    select h.virtualtransaction as transaction, a.pid, quote_literal(p.gid) as gid,
      coalesce(a.application_name, '') as application,
      coalesce('user ' || coalesce(a.usename, p.owner), a.backend_type, 'a process of the server') as owner,
      coalesce(a.visible, true) as "isVisible",
      case when a.visible then a.state end as state,
      extract(epoch from clock_timestamp() - coalesce(p.prepared, a.xact_start))::float8 as seconds,
      case when a.visible then left(regexp_replace(a.query, '\\s+', ' ', 'g'), ${QUERY_CHARACTERS}) end as query
    from holder h
    left join session a on a.pid = h.pid
    left join prepared p on h.pid is null and p.virtualtransaction = h.virtualtransaction
    where a.pid is not null or p.gid is not null
    order by coalesce(p.prepared, a.xact_start) nulls last, h.virtualtransaction
    limit ${MOST_BLOCKERS}`,
    [tables],
  );
  return rows;
}

/** One line about a blocker, for a log or an error. */
export function describeBlocker(blocker: Blocker): string {
  const { pid, gid, application, owner, isVisible, state, seconds, query } = blocker;
  const since = seconds === null ? '' : `${seconds.toFixed(1)} s`;
  if (pid === null) {
    return `prepared transaction ${gid}, ${owner}, prepared ${since} ago: end it with \`commit prepared ${gid}\` or \`rollback prepared ${gid}\``;
  }
  const who = `pid ${pid}${application === '' ? '' : ` "${application}"`}, ${owner}`;
  if (!isVisible) return `${who}, of which only members of pg_monitor see more`;
  const details = [
    ...(state === null ? [] : [state]),
    ...(seconds === null ? [] : [`in its transaction for ${since}`]),
  ];
  return `${[who, ...details].join(', ')}: ${query ?? ''}`;
}
