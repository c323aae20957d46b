import { escapeIdentifier } from 'pg';
import type { DatabaseClient } from './database-client.ts';

/** PL/pgSQL that keeps a processor busy, the longer the more it counts. */
export const countTo = (steps: number) => `perform sum(n) from generate_series(1, ${steps}) as n;`;

/**
 * Makes updates of a table slow, so that a backfill has a middle in which something can happen. A check does it: a
 * backfill keeps the table's triggers silent.
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
