import type { Queryable } from './column-change.ts';

/** Enough to see who it is; a query can be megabytes long. */
const QUERY_CHARACTERS = 200;
const MOST_BLOCKERS = 5;

/** The modes of a lock on a table, the weakest first, as `pg_locks` has them. */
const MODES = [
  'AccessShareLock',
  'RowShareLock',
  'RowExclusiveLock',
  'ShareUpdateExclusiveLock',
  'ShareLock',
  'ShareRowExclusiveLock',
  'ExclusiveLock',
  'AccessExclusiveLock',
];

/** The weakest mode that each of these conflicts with; it conflicts with all that are stronger, too. */
const WEAKEST_IN_THE_WAY = {
  'share update exclusive': 'ShareUpdateExclusiveLock',
  'share row exclusive': 'RowExclusiveLock',
  'access exclusive': 'AccessShareLock',
} as const;

/** A mode in which the package locks tables. */
export type LockMode = keyof typeof WEAKEST_IN_THE_WAY;

/** Locks that are asked for. */
export interface LockRequest {
  /** Tables or sequences: schema and name, quoted. */
  readonly relations: readonly string[];
  readonly mode: LockMode;
}

/** A session that is in the way of a lock. */
export interface Blocker {
  readonly pid: number;
  readonly application: string;
  /** `user ann`; of a process of the server's own what it is, `autovacuum worker`, and whether it gives way. */
  readonly owner: string;
  readonly state: string;
  /** Seconds since its transaction began. */
  readonly seconds: number;
  /** The first 200 characters of its present or last query. */
  readonly query: string;
}

/**
 * The sessions that are in the way of a lock, on a table or on a partition of it: they hold one that conflicts with it, or
 * wait for ACCESS EXCLUSIVE themselves. The oldest transaction first, five at most.
 */
export async function findBlockers(
  database: Queryable,
  { relations, mode }: LockRequest,
): Promise<Blocker[]> {
  const { rows } = await database.query<Blocker>(
    `
    with recursive member as (
      select to_regclass(name)::oid as oid from unnest($1::text[]) as name
      union
      select i.inhrelid from pg_catalog.pg_inherits i join member on member.oid = i.inhparent
    )
    select a.pid, a.application_name as application, case
        when a.query like 'autovacuum: %(to prevent wraparound)'
          then 'autovacuum worker that does not give way, since it prevents transaction ID wraparound: let it end'
        else coalesce('user ' || nullif(a.usename::text, ''), a.backend_type, 'process of the server')
      end as owner,
      coalesce(a.state, 'unknown') as state,
      coalesce(extract(epoch from clock_timestamp() - a.xact_start), 0)::float8 as seconds,
      left(regexp_replace(a.query, '\\s+', ' ', 'g'), ${QUERY_CHARACTERS}) as query
    from pg_catalog.pg_stat_activity a
    where a.pid <> pg_backend_pid()
      and a.pid in (
        select l.pid
        from pg_catalog.pg_locks l
        where l.relation in (select oid from member) and l.mode = any ($2)
          and (l.granted or l.mode = 'AccessExclusiveLock')
          and l.database = (select oid from pg_catalog.pg_database where datname = current_database())
      )
    order by a.xact_start nulls last
    limit ${MOST_BLOCKERS}`,
    [relations, MODES.slice(MODES.indexOf(WEAKEST_IN_THE_WAY[mode]))],
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
