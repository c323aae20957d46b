import { expect } from '@jest/globals';
import type { DatabaseClient } from './database-client.ts';
import { insertRows } from './seeded-table.ts';
import { slowUpdatesDown } from './slow-updates.ts';

/** Number of rows; enough for at least three ranges. */
export const SPREAD_ROWS = 60_000;

/**
 * Fills `large_record` at its first stage with rows spread over several ranges of the backfill. Every fiftieth row
 * takes 10 ms, so that a test can act in the middle.
 */
export async function insertSpreadRows(client: DatabaseClient): Promise<void> {
  await client.rows(`alter table large_record set (fillfactor = 10)`);
  await client.rows(`alter table large_record add column padding text default repeat('x', 100)`);
  await insertRows(client, SPREAD_ROWS);
  await slowUpdatesDown(client, `if id % 50 = 0 then perform pg_sleep(0.01); end if;`);
}

/** Counts of the table and of the checkpoint after the backfill, with the expected counts. */
export async function countFilled(client: DatabaseClient): Promise<{ right: number; counted: number }> {
  const [counts] = await client.rows<{ right: number; counted: number }>(`
    select count(*) filter (where created_at_new = created_at::timestamp at time zone 'UTC')::int as right,
      (select sum(rows_filled)::int from online_migration.backfill_range)
        + (select rows_swept::int from online_migration.backfill) as counted
    from large_record`);
  return counts!;
}

/** Records the filled rows and the transactions that filled them. */
export async function rememberFilledRows(client: DatabaseClient): Promise<void> {
  await client.rows(`
    create table filled_before as
    select id, xmin::text as version from large_record where created_at_new is not null`);
}

/** Number of recorded rows that were written again. */
async function countWrittenAgain(client: DatabaseClient): Promise<number> {
  return client.value<number>(`
    select count(*)::int from filled_before b join large_record r using (id) where r.xmin::text <> b.version`);
}

/** Expects every row to be filled and counted once, and no recorded row to be written again. */
export async function expectFilledOnce(client: DatabaseClient): Promise<void> {
  expect(await countFilled(client)).toEqual({ right: SPREAD_ROWS, counted: SPREAD_ROWS });
  expect(await countWrittenAgain(client)).toBe(0);
}
