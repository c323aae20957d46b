import { expect } from '@jest/globals';
import { escapeIdentifier } from 'pg';
import type { DatabaseClient } from './database-client.ts';
import { insertEvents } from './event-table.ts';
import { slowUpdatesDown } from './slow-updates.ts';

/** Number of rows; enough for at least three ranges. */
export const SPREAD_ROWS = 60_000;

/**
 * Fills a table, at its first stage, with rows that lie so far apart that the backfill has several ranges of them, and
 * makes each fiftieth wait for 10 ms, so that there is a middle in which something can happen.
 *
 * @param insert inserts so many rows into the table
 */
export async function insertSpreadRows(
  client: DatabaseClient,
  table: string,
  insert: (client: DatabaseClient, rows: number) => Promise<void>,
): Promise<void> {
  const name = escapeIdentifier(table);
  await client.rows(`alter table ${name} set (fillfactor = 10)`);
  await client.rows(`alter table ${name} add column padding text default repeat('x', 100)`);
  await insert(client, SPREAD_ROWS);
  await slowUpdatesDown(client, `if id % 50 = 0 then perform pg_sleep(0.01); end if;`, table);
}

/** The same for the table of the event project. */
export const insertSpreadEvents = (client: DatabaseClient): Promise<void> =>
  insertSpreadRows(client, 'event', insertEvents);

/** The state of the table and the checkpoint after the backfill, and the expected state. */
export async function countFilled(client: DatabaseClient): Promise<{ right: number; counted: number }> {
  const [counts] = await client.rows<{ right: number; counted: number }>(`
    select count(*) filter (where at_new = at::timestamp at time zone 'UTC')::int as right,
      (select sum(rows_filled)::int from online_migration.backfill_range)
        + (select rows_swept::int from online_migration.backfill) as counted
    from event`);
  return counts!;
}

/** Records the filled rows and the transactions that filled them. */
export async function rememberFilledRows(client: DatabaseClient): Promise<void> {
  await client.rows(`
    create table filled_before as
    select id, xmin::text as version from event where at_new is not null`);
}

/** Number of recorded rows that were written again. */
async function countWrittenAgain(client: DatabaseClient): Promise<number> {
  return client.value<number>(`
    select count(*)::int from filled_before b join event r using (id) where r.xmin::text <> b.version`);
}

/** Expects every row to be filled and counted once, and no recorded row to be written again. */
export async function expectFilledOnce(client: DatabaseClient): Promise<void> {
  expect(await countFilled(client)).toEqual({ right: SPREAD_ROWS, counted: SPREAD_ROWS });
  expect(await countWrittenAgain(client)).toBe(0);
}
