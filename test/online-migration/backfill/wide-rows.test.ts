import { expect, it } from '@jest/globals';
import { readBytesPerBlock } from '../../../src/online-migration/postgres/partition-tree.ts';
import { backfill } from '../../../src/online-migration/phases/backfill.ts';
import { expand } from '../../../src/online-migration/phases/expand.ts';
import { changeOf } from '../../support/change-of.ts';
import { eventChange } from '../../support/event-change.ts';
import { MOMENT } from '../../support/event-table.ts';
import { noteBatches, notedBatches } from '../../support/noted-batches.ts';
import { databasePerTest } from '../../support/tested-database.ts';

const ROWS = 1_500;
const VALUE_BYTES = 30_000;
const MEBIBYTE = 1024 * 1024;

const change = changeOf('event.at', {
  from: 'text',
  to: 'jsonb',
  conversion: { forward: (value) => `to_jsonb(${value})`, backward: (value) => `${value} #>> '{}'` },
});

const database = databasePerTest();
const { client } = database;

it('the first batch of rows whose values are kept apart has no more than a mebibyte of them', async () => {
  await client.rows(`create table event (id bigint primary key, at text not null)`);
  await client.rows(`alter table event alter column at set storage external`);
  await client.rows(
    `insert into event select n, repeat('x', ${VALUE_BYTES}) from generate_series(1, ${ROWS}) as n`,
  );
  await client.rows(`analyze event`);
  expect(await readBytesPerBlock(client, 'public.event')).toBeGreaterThan(MEBIBYTE);
  const opened = await database.open(change);
  await expand(opened);
  await noteBatches(client);
  await backfill(opened);
  const batches = (await notedBatches(client)).map(({ rows }) => rows);
  expect(batches[0]! * VALUE_BYTES).toBeLessThan(1.2 * MEBIBYTE);
  expect(batches.reduce((sum, rows) => sum + rows)).toBe(ROWS);
});

it('a batch of one block that lasts too long is told once', async () => {
  await client.rows(`create table event (id bigint primary key, at varchar(50) not null)`);
  await client.rows(`insert into event select n, ${MOMENT} from generate_series(1, 200) as n`);
  await client.rows(`
    create function slow() returns boolean language plpgsql as $$
    begin
      perform pg_sleep(0.005);
      return true;
    end $$`);
  await client.rows(`alter table event add constraint slow check (slow()) not valid`);
  const opened = await database.open(eventChange);
  await expand(opened);
  const settings = { ...opened.settings, backfill: { ...opened.settings.backfill, batchMs: 10 } };
  await backfill({ ...opened, settings });
  expect(opened.lines.filter((line) => line.includes('one block'))).toEqual([
    expect.stringMatching(
      /^backfill: a batch is one block at least, and one of public\.event with \d+ rows took \d+ ms instead of 10 ms; writes of these rows wait for that long$/,
    ),
  ]);
});
