import type { DatabaseClient } from '../../support/database-client.ts';
import type { Load } from './load.ts';

/** A row of the table with any columns. A timestamp is `2024-01-01T10:00:00+00:00` or its text. */
type StoredRow = Readonly<Record<string, unknown>>;

/**
 * Compares every acknowledged write with the table, in every column that contains the timestamp. A nullable one may be
 * null before its backfill.
 * @returns the ledger's entries that differ from the table
 */
export async function findLostWrites(client: DatabaseClient, { ledger }: Load): Promise<unknown[]> {
  await client.rows(`set timezone = 'UTC'`);
  const rows = await client.rows<{ row: StoredRow }>(`select to_jsonb(r) as row from large_record r`);
  const stored = new Map(rows.map(({ row }) => [row['id'], row]));
  return [...ledger].filter(([id, record]) => {
    const row = stored.get(id);
    if (record === null) return row !== undefined;
    if (row === undefined) return true;
    return (
      row['name'] !== record.name || timestampsOf(row).some((timestamp) => timestamp !== record.created_at)
    );
  });
}

function timestampsOf(row: StoredRow): string[] {
  const columns = Object.keys(row).filter((column) => column.startsWith('created_at'));
  const filled = columns.filter((column) => row[column] !== null);
  return filled.map((column) => String(row[column]).replace('T', ' ').replace('+00:00', ''));
}

/** Counts the rows of `insertRows` that have their original values; the table must be at its last stage. */
export async function countUntouchedRows(client: DatabaseClient): Promise<number> {
  const count = await client.value<string>(`
    select count(*) from large_record
    where name = 'LargeRecord_' || id
      and created_at = timestamptz '2024-01-01 10:00:00+00' + (id - 1) * interval '1 second'`);
  return Number(count);
}
