import type { Connection } from '../harness/connection.ts';
import type { Machine } from '../harness/machine.ts';
import { SETTINGS } from '../harness/server.ts';

/** The server settings that influence the results. */
const NAMES = [
  ...Object.keys(SETTINGS),
  'wal_buffers',
  'checkpoint_timeout',
  'autovacuum',
  'fsync',
  'full_page_writes',
  'synchronous_commit',
];

/** Reads the server settings for a report, by name. */
export async function readToldSettings(connection: Connection): Promise<Record<string, string>> {
  const { rows } = await connection.query<{ name: string; value: string }>(
    `select name, current_setting(name) as value from unnest($1::text[]) as name`,
    [NAMES],
  );
  return Object.fromEntries(rows.map(({ name, value }) => [name, value]));
}

/** The sentence of a report about its database. */
export function databaseSentence(machine: Machine, settings: Readonly<Record<string, string>>): string {
  const list = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  return `Database: ${[`PostgreSQL ${machine.postgres}`, ...list].join(', ')}.`;
}
