import { expect, it } from '@jest/globals';
import { backfill } from '../../../src/online-migration/phases/backfill.ts';
import { expand } from '../../../src/online-migration/phases/expand.ts';
import { eventChange } from '../../support/event-change.ts';
import { MOMENT } from '../../support/event-table.ts';
import { noteBatches, notedBatches } from '../../support/noted-batches.ts';
import { databasePerTest } from '../../support/tested-database.ts';

/** Both tables have more than a hundred pages. */
const NARROW = { rows: 30_000, name: '', passes: 9 };
const TWELVE_ON_A_PAGE = { rows: 1_500, name: 'x'.repeat(600), passes: 16 };

const database = databasePerTest();
const { client } = database;

it.each([NARROW, TWELVE_ON_A_PAGE])('has $passes passes, each with three batches at least', async (table) => {
  const { rows, name, passes } = table;
  await client.rows(
    `create table event (id bigint primary key, at varchar(50) not null, name text not null)`,
  );
  await client.rows(`insert into event select n, ${MOMENT}, '${name}' from generate_series(1, ${rows}) as n`);
  await client.rows(`analyze event`);
  const opened = await database.open(eventChange);
  await expand(opened);
  await noteBatches(client);
  // Any pass fits into one batch of this duration.
  const settings = { ...opened.settings, backfill: { ...opened.settings.backfill, batchMs: 10_000 } };
  await backfill({ ...opened, settings });
  const counted = Map.groupBy(await notedBatches(client), ({ stripe }) => stripe);
  expect(counted.size).toBe(passes);
  for (const batches of counted.values()) expect(batches.length).toBeGreaterThanOrEqual(3);
});
