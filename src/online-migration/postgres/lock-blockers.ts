import type { Blocker } from '../change/events.ts';
import type { Queryable } from './queryable.ts';

export type { Blocker };

/** Enough to identify the statement; a query can be megabytes long. */
const QUERY_CHARACTERS = 200;
const MOST_BLOCKERS = 5;

/** The modes of a table lock, weakest first, with their names in `pg_locks`. */
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

/** The conflicting modes of each mode. For `rows`: the modes of sessions that write, lock rows, or block writes. */
const IN_THE_WAY = {
  'share update exclusive': MODES.slice(MODES.indexOf('ShareUpdateExclusiveLock')),
  'share row exclusive': MODES.slice(MODES.indexOf('RowExclusiveLock')),
  'access exclusive': MODES,
  rows: MODES.filter((mode) => !['AccessShareLock', 'ShareUpdateExclusiveLock'].includes(mode)),
};

/** Requested locks. */
export interface LockRequest {
  /** Tables or sequences: schema and name, quoted. */
  readonly relations: readonly string[];
  /** The mode of the lock on them, or locks of their rows. */
  readonly mode: keyof typeof IN_THE_WAY;
}

/** A mode in which the package locks tables. */
export type LockMode = Exclude<LockRequest['mode'], 'rows'>;

/**
 * Finds the transactions that block a lock on a table or on one of its partitions: they hold a conflicting lock, or
 * wait for ACCESS EXCLUSIVE themselves. Returns at most five, the oldest first.
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
    ), holder as (
      select distinct l.pid, l.virtualtransaction
      from pg_catalog.pg_locks l
      where l.relation in (select oid from member) and l.mode = any ($2)
        and (l.granted or l.mode = 'AccessExclusiveLock')
        and l.database = (select oid from pg_catalog.pg_database where datname = current_database())
    ), prepared as (
      -- Each transaction holds a lock on its own number, whatever its virtual transaction id is.
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
      case
        when a.query like 'autovacuum: %(to prevent wraparound)'
          then 'autovacuum worker that does not give way, since it prevents transaction ID wraparound: let it end'
        else coalesce('user ' || nullif(coalesce(a.usename, p.owner)::text, ''), a.backend_type, 'a process of the server')
      end as owner,
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
    [relations, IN_THE_WAY[mode]],
  );
  return rows;
}

/** Describes a blocker in one line, for a log or an error. */
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
