import type { DatabaseClient } from './database-client.ts';

/** PL/pgSQL that keeps a processor busy, the longer the more it counts. */
export const countTo = (steps: number) => `perform sum(n) from generate_series(1, ${steps}) as n;`;

/**
 * Makes updates of `large_record` slow, so that a backfill has a middle in which something can happen.
 *
 * @param perRow PL/pgSQL that runs for each updated row, which is `new`
 */
export async function slowUpdatesDown(client: DatabaseClient, perRow: string): Promise<void> {
  await client.rows(`
    create function slow() returns trigger language plpgsql as $$
    begin
      ${perRow}
      return new;
    end $$`);
  await client.rows(`create trigger slow before update on large_record for each row execute function slow()`);
}
