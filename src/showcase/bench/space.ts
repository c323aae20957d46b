import type { Connection } from '../harness/connection.ts';

/** Sizes of the table and the WAL of the server, in bytes. */
export interface Space {
  readonly heapBytes: number;
  /** The primary key, which is the only index. */
  readonly indexBytes: number;
  /** WAL that the server has written since it was created. */
  readonly walBytes: number;
}

/** Reads the space of `large_record`; WAL of other sessions is included. */
export async function readSpace(connection: Connection): Promise<Space> {
  const { rows } = await connection.query<Record<keyof Space, string>>(`
    select pg_relation_size('public.large_record')::text as "heapBytes",
      pg_indexes_size('public.large_record')::text as "indexBytes",
      pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::text as "walBytes"`);
  const row = rows[0]!;
  return {
    heapBytes: Number(row.heapBytes),
    indexBytes: Number(row.indexBytes),
    walBytes: Number(row.walBytes),
  };
}
