import type { Queryable } from '../column-change.ts';
import { readApiP99 } from './api-latency.ts';

/** From when on the application's server is called strained. */
export interface ThrottleLimits {
  /** Replay lag of the slowest replica, in milliseconds. */
  readonly replicationLagMs: number;
  /** Age of the oldest snapshot, in milliseconds: while it lives, no dead row's space is used again. */
  readonly snapshotAgeMs: number;
  /** WAL files that wait to be archived. */
  readonly walFiles: number;
  /** p99 of the API's requests, in milliseconds. */
  readonly apiP99Ms: number;
  /** Where the API tells its latency, as Prometheus metrics or as a JSON document with `p99Ms`; null: nobody asks. */
  readonly apiLatencyUrl: string | null;
}

export const DEFAULT_THROTTLE_LIMITS: ThrottleLimits = {
  replicationLagMs: 10_000,
  snapshotAgeMs: 600_000,
  walFiles: 100,
  apiP99Ms: 500,
  apiLatencyUrl: null,
};

/** What the server says of its strain, in one statement. */
interface Strain {
  lag_ms: number | null;
  snapshot_ms: number | null;
  snapshot_pid: number | null;
  wal_files: number | null;
}

/**
 * Why a backfill should wait now; null where nothing speaks against the next batch.
 * @param database one short statement is run on it
 * @param limits from when on to wait
 */
export async function findThrottleReason(
  database: Queryable,
  limits: ThrottleLimits,
): Promise<string | null> {
  const strain = await readStrain(database);
  if (strain.lag_ms !== null && strain.lag_ms > limits.replicationLagMs) {
    return `a replica lags ${seconds(strain.lag_ms)} behind`;
  }
  if (strain.snapshot_ms !== null && strain.snapshot_ms > limits.snapshotAgeMs) {
    return `pid ${strain.snapshot_pid} holds a snapshot for ${seconds(strain.snapshot_ms)}`;
  }
  if (strain.wal_files !== null && strain.wal_files > limits.walFiles) {
    return `${strain.wal_files} WAL files wait to be archived`;
  }
  if (limits.apiLatencyUrl === null) return null;
  const p99Ms = await readApiP99(limits.apiLatencyUrl);
  if (p99Ms === Number.POSITIVE_INFINITY) return 'the API does not tell its latency';
  return p99Ms > limits.apiP99Ms ? `the API's p99 is ${Math.round(p99Ms)} ms` : null;
}

async function readStrain(database: Queryable): Promise<Strain> {
  // The archive's folder is open to monitoring roles only; for others it is as if nothing waited.
  const { rows } = await database.query<Strain>(`
    select
      (select 1000 * extract(epoch from max(replay_lag)) from pg_catalog.pg_stat_replication)::float8 as lag_ms,
      oldest.age_ms::float8 as snapshot_ms,
      oldest.pid as snapshot_pid,
      case
        when current_setting('archive_mode') <> 'off'
          and has_function_privilege('pg_catalog.pg_ls_archive_statusdir()', 'execute')
        then (select count(*) from pg_catalog.pg_ls_archive_statusdir() where name like '%.ready')
      end::int as wal_files
    from (select) as one
    left join lateral (
      select pid, 1000 * extract(epoch from clock_timestamp() - coalesce(xact_start, query_start)) as age_ms
      from pg_catalog.pg_stat_activity
      where backend_xmin is not null and pid <> pg_backend_pid() and datname = current_database()
      order by age(backend_xmin) desc, xact_start
      limit 1
    ) as oldest on true`);
  return rows[0] ?? { lag_ms: null, snapshot_ms: null, snapshot_pid: null, wal_files: null };
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
