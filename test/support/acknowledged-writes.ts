import type { DatabaseClient } from './database-client.ts';
import type { Load } from './load.ts';

/**
 * Compares every acknowledged write with the table, which must be at its last stage.
 * @returns the ledger's entries that the table does not bear out
 */
export async function findLostWrites(client: DatabaseClient, { ledger }: Load): Promise<unknown[]> {
  const rows = await client.rows<{ id: string; name: string; created_at: string }>(`
    select id, name, to_char(created_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') as created_at from large_record`);
  const stored = new Map(rows.map(({ id, ...record }) => [Number(id), record]));
  return [...ledger].filter(([id, record]) => {
    const found = stored.get(id);
    return record === null ? found !== undefined : JSON.stringify(found) !== JSON.stringify(record);
  });
}

/** How many of the rows of `insertRows` hold what they held in the beginning; the table must be at its last stage. */
export async function countUntouchedRows(client: DatabaseClient): Promise<number> {
  const count = await client.value<string>(`
    select count(*) from large_record
    where name = 'LargeRecord_' || id
      and created_at = timestamptz '2024-01-01 10:00:00+00' + (id - 1) * interval '1 second'`);
  return Number(count);
}
