import type { Connection } from '../harness/connection.ts';

/** The server's settings that the numbers depend on. */
const NAMES = [
  'shared_buffers',
  'max_wal_size',
  'checkpoint_timeout',
  'autovacuum',
  'fsync',
  'full_page_writes',
  'synchronous_commit',
];

/** The settings that a report has to tell, by name, as the server has them. */
export async function readToldSettings(connection: Connection): Promise<Record<string, string>> {
  const { rows } = await connection.query<{ name: string; value: string }>(
    `select name, current_setting(name) as value from unnest($1::text[]) as name`,
    [NAMES],
  );
  return Object.fromEntries(rows.map(({ name, value }) => [name, value]));
}
