import { escapeIdentifier } from 'pg';
import type { DatabaseClient } from './database-client.ts';

/** PL/pgSQL that keeps a processor busy, in proportion to the count. */
export const countTo = (steps: number) => `perform sum(n) from generate_series(1, ${steps}) as n;`;

/**
 * Slows updates of a table down, so that a test can act in the middle of a backfill. It uses a check constraint,
 * because a backfill disables the table's triggers.
 *
 * @param perRow PL/pgSQL that runs for each written row, whose `id` it knows
 * @param table its name, unquoted
 */
export async function slowUpdatesDown(client: DatabaseClient, perRow: string, table: string): Promise<void> {
  await client.rows(`
    create function slow(id bigint) returns boolean language plpgsql as $$
    begin
      ${perRow}
      return true;
    end $$`);
  await client.rows(`alter table ${escapeIdentifier(table)} add constraint slow check (slow(id)) not valid`);
}
