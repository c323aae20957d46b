import type { Queryable } from '../../postgres/queryable.ts';

const GIBIBYTE = 1024 ** 3;

/** Limits above which the load on the application is too high. */
export interface ThrottleLimits {
  /** Replay lag of the slowest replica, in milliseconds. */
  readonly replicationLagMs: number;
  /** Age of the oldest snapshot, in milliseconds: while it exists, no dead row's space is reused. */
  readonly snapshotAgeMs: number;
  /** WAL files that wait to be archived. */
  readonly walFiles: number;
  /** WAL that a replication slot retains, in bytes: it fills the server's disk. */
  readonly slotWalBytes: number;
  /** p99 of the API's requests, in milliseconds. */
  readonly apiP99Ms: number;
  /** URL of the API's latency, as Prometheus metrics or as a JSON document with `p99Ms`; null for no check. */
  readonly apiLatencyUrl: string | null;
}

export const DEFAULT_THROTTLE_LIMITS: ThrottleLimits = {
  replicationLagMs: 10_000,
  snapshotAgeMs: 600_000,
  walFiles: 100,
  slotWalBytes: 10 * GIBIBYTE,
  apiP99Ms: 500,
  apiLatencyUrl: null,
};

/** The server's load; null for figures that do not exist or that the role may not see. */
interface Strain {
  readonly lag_ms: number | null;
  readonly snapshot_ms: number | null;
  readonly snapshot_pid: number | null;
  readonly slot_name: string | null;
  readonly slot_kind: string | null;
  readonly slot_bytes: number | null;
  /** The same for people: `12 GB`. */
  readonly slot_size: string | null;
  readonly sees_archive: boolean;
}

/**
 * Finds the reason why a backfill should wait now; null if the next batch may run.
 * @param database runs a few short statements
 * @param limits limits above which to wait
 * @param apiP99Ms the API's p99, in milliseconds; infinite if the API does not tell it, null if it is not asked
 */
export async function findThrottleReason(
  database: Queryable,
  limits: ThrottleLimits,
  apiP99Ms: number | null,
): Promise<string | null> {
  const strain = await readStrain(database);
  if (strain.lag_ms !== null && strain.lag_ms > limits.replicationLagMs) {
    return `a replica lags ${seconds(strain.lag_ms)} behind`;
  }
  if (strain.snapshot_ms !== null && strain.snapshot_ms > limits.snapshotAgeMs) {
    return `pid ${strain.snapshot_pid} holds a snapshot for ${seconds(strain.snapshot_ms)}`;
  }
  if (strain.slot_bytes !== null && strain.slot_bytes > limits.slotWalBytes) {
    return `the replication slot ${strain.slot_name} (${strain.slot_kind}) holds back ${strain.slot_size} of WAL`;
  }
  const walFiles = strain.sees_archive ? await countUnarchived(database) : 0;
  if (walFiles > limits.walFiles) return `${walFiles} WAL files wait to be archived`;
  if (apiP99Ms === null) return null;
  if (apiP99Ms === Number.POSITIVE_INFINITY) return 'the API does not report its latency';
  return apiP99Ms > limits.apiP99Ms ? `the API's p99 is ${Math.round(apiP99Ms)} ms` : null;
}

async function readStrain(database: Queryable): Promise<Strain> {
  const { rows } = await database.query<Strain>(`
    select
      (select 1000 * extract(epoch from max(replay_lag)) from pg_catalog.pg_stat_replication)::float8 as lag_ms,
      oldest.age_ms::float8 as snapshot_ms,
      oldest.pid as snapshot_pid,
      slot.name as slot_name, slot.kind as slot_kind, slot.bytes::float8 as slot_bytes, pg_size_pretty(slot.bytes) as slot_size,
      current_setting('archive_mode') <> 'off'
        and has_function_privilege('pg_catalog.pg_ls_archive_statusdir()', 'execute') as sees_archive
    from (select) as one
    left join lateral (
      select pid, 1000 * extract(epoch from clock_timestamp() - coalesce(xact_start, query_start)) as age_ms
      from pg_catalog.pg_stat_activity
      where backend_xmin is not null and pid <> pg_backend_pid() and datname = current_database()
      order by age(backend_xmin) desc, xact_start
      limit 1
    ) as oldest on true
    left join lateral (
      select slot_name as name,
        concat_ws(', ', slot_type, case when active then 'active' else 'inactive' end) as kind,
        pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) as bytes
      from pg_catalog.pg_replication_slots
      where restart_lsn is not null and wal_status <> 'lost'
      order by restart_lsn
      limit 1
    ) as slot on true`);
  return rows[0]!;
}

/** A separate statement: the right to call the function is checked even if a condition prevents the call. */
async function countUnarchived(database: Queryable): Promise<number> {
  const { rows } = await database.query<{ count: number }>(
    `select count(*)::int as count from pg_catalog.pg_ls_archive_statusdir() where name like '%.ready'`,
  );
  return rows[0]!.count;
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
