import type { DatabaseClient } from './database-client.ts';

/** Fills `large_record` at its first stage, with rows one second apart. */
export async function insertRows(client: DatabaseClient, rows: number): Promise<void> {
  await client.rows(
    `
    insert into large_record (name, created_at)
    select 'LargeRecord_' || n, to_char(timestamp '2024-01-01 10:00:00' + (n - 1) * interval '1 second', 'YYYY-MM-DD HH24:MI:SS')
    from generate_series(1, $1::int) as n`,
    [rows],
  );
  await client.rows(`analyze large_record`);
}
