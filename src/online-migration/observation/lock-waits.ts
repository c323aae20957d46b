import type { Queryable } from '../postgres/queryable.ts';

const MOST_WAITS = 50;

/** A session that blocks another one. */
export interface LockHolder {
  readonly pid: number;
  readonly application: string;
  readonly state: string;
  /** Seconds since its transaction began. */
  readonly seconds: number;
}

/** A session that waits for a lock. */
export interface LockWait {
  readonly pid: number;
  readonly application: string;
  /** The requested lock: `AccessExclusiveLock`. */
  readonly mode: string;
  /** The table or index, or `a row` and the like. */
  readonly target: string;
  readonly seconds: number;
  /** Sessions that hold a conflicting lock, or wait for one earlier in the queue. */
  readonly holders: readonly LockHolder[];
}

/**
 * Reads the sessions of this database that wait for a lock, with their blockers: the longest wait first, at most
 * fifty. It asks about each only once, because `pg_blocking_pids` briefly stops the server's lock manager.
 */
export async function findLockWaits(database: Queryable): Promise<LockWait[]> {
  const { rows } = await database.query<LockWait>(`
    with waiting as materialized (
      select l.pid, a.application_name, l.mode, l.locktype, l.relation,
        greatest(coalesce(extract(epoch from clock_timestamp() - l.waitstart), 0), 0)::float8 as seconds
      from pg_catalog.pg_locks l
      join pg_catalog.pg_stat_activity a using (pid)
      where not l.granted and a.datname = current_database()
      order by seconds desc, l.pid
      limit ${MOST_WAITS}
    ),
    blocked as materialized (
      select w.*, pg_blocking_pids(w.pid) as holder_pids
      from waiting w
    )
    select l.pid, l.application_name as application, l.mode,
      case
        when l.relation is not null and l.locktype = 'relation' then l.relation::regclass::text
        when l.locktype in ('transactionid', 'tuple') then 'a row'
        else l.locktype
      end as target,
      l.seconds,
      coalesce(h.holders, '[]'::json) as holders
    from blocked l
    left join lateral (
      select json_agg(
        json_build_object(
          'pid', b.pid, 'application', b.application_name, 'state', coalesce(b.state, 'unknown'),
          'seconds', greatest(coalesce(extract(epoch from clock_timestamp() - b.xact_start), 0), 0)
        )
        order by b.xact_start
      ) as holders
      from pg_catalog.pg_stat_activity b
      where b.pid = any (l.holder_pids)
    ) h on true
    order by seconds desc, l.pid`);
  return rows;
}
