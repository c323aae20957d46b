import type { Connection } from './connection.ts';

/** The direct way: one statement that rewrites the table under ACCESS EXCLUSIVE. */
export async function alterType(connection: Connection): Promise<void> {
  await connection.query(`
    alter table public.large_record
    alter column created_at type timestamptz using created_at::timestamp at time zone 'UTC'`);
}
