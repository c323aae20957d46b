import type { Queryable } from '../../postgres/queryable.ts';
import type { BackfillIdentity } from '../plan/backfill-work.ts';
import { findLeaves } from '../../postgres/partition-tree.ts';

/** Sizes and counters at one time, to measure the cost of a backfill. */
export interface Space {
  /** Bytes of the heap, all leaves together. */
  readonly heapBytes: number;
  /** Bytes of all indexes. */
  readonly indexBytes: number;
  /** Bytes of WAL that the server has ever written. */
  readonly walBytes: number;
  /** Rows that were ever updated, and the number of heap-only updates among them. */
  readonly updates: number;
  readonly hotUpdates: number;
}

/** Measures the space of a table and the server's counters, which include other sessions' WAL and updates. */
export async function measureSpace(database: Queryable, fill: BackfillIdentity): Promise<Space> {
  const leaves = (await findLeaves(database, fill.names.table)).map(({ name }) => name);
  const { rows } = await database.query<Record<'heap' | 'indexes' | 'wal' | 'updates' | 'hot', string>>(
    `
    select
      coalesce(sum(pg_relation_size(c.oid)), 0)::text as heap,
      coalesce(sum(pg_indexes_size(c.oid)), 0)::text as indexes,
      pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::text as wal,
      coalesce(sum(s.n_tup_upd), 0)::text as updates,
      coalesce(sum(s.n_tup_hot_upd), 0)::text as hot
    from unnest($1::text[]) as leaf
    join pg_catalog.pg_class c on c.oid = to_regclass(leaf)
    left join pg_catalog.pg_stat_all_tables s on s.relid = c.oid`,
    [leaves],
  );
  const row = rows[0];
  return {
    heapBytes: Number(row?.heap),
    indexBytes: Number(row?.indexes),
    walBytes: Number(row?.wal),
    updates: Number(row?.updates),
    hotUpdates: Number(row?.hot),
  };
}
