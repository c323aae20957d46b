import { describe, expect, it } from '@jest/globals';
import { changeOf } from '../../support/change-of.ts';
import { eventChange } from '../../support/event-change.ts';
import { expectAllFilled, fillEventTable, MOMENT } from '../../support/event-table.ts';
import { databasePerTest } from '../../support/tested-database.ts';

const ROWS = 20_000;
const database = databasePerTest();
const { client } = database;
let log: readonly string[];

describe('the backfill of', () => {
  it.each([
    ['a bigint key', 'id bigint primary key', 'n'],
    ['a uuid key', 'id uuid primary key', 'gen_random_uuid()'],
    ['no key at all', 'id bigint', 'n'],
    ['a text key', 'id text primary key', `'k' || n`],
  ])('a table with %s', async (_, key, value) => {
    await client.rows(`create table event (${key}, at varchar(50) not null)`);
    await client.rows(`insert into event select ${value}, ${MOMENT} from generate_series(1, ${ROWS}) as n`);
    log = await fillEventTable(database.url, { ...eventChange, key: key === 'id bigint' ? [] : 'id' });
    await expectAllFilled(client, ROWS);
  });

  it('a table with wide rows that are kept apart', async () => {
    await client.rows(`create table event (id bigint primary key, at varchar(50) not null, document text)`);
    await client.rows(`alter table event alter column document set storage external`);
    await client.rows(
      `insert into event select n, ${MOMENT}, repeat('x', 5000) from generate_series(1, 500) as n`,
    );
    log = await fillEventTable(database.url);
    await expectAllFilled(client, 500);
  });

  it('a partitioned table, leaf by leaf', async () => {
    await client.rows(
      `create table event (id bigint, at varchar(50) not null, primary key (id)) partition by range (id)`,
    );
    await client.rows(`create table event_1 partition of event for values from (0) to (5000)`);
    await client.rows(
      `create table "event 2" partition of event for values from (5000) to (12000) partition by hash (id)`,
    );
    await client.rows(
      `create table event_2a partition of "event 2" for values with (modulus 2, remainder 0)`,
    );
    await client.rows(
      `create table event_2b partition of "event 2" for values with (modulus 2, remainder 1)`,
    );
    await client.rows(`create table event_3 partition of event default`);
    await client.rows(`insert into event select n, ${MOMENT} from generate_series(1, ${ROWS}) as n`);
    await client.rows(`analyze event`);
    log = await fillEventTable(database.url);
    await expectAllFilled(client, ROWS);
    const leaves = await client.rows(
      `select distinct leaf from online_migration.backfill_range order by leaf`,
    );
    expect(leaves.map(({ leaf }) => leaf)).toEqual([
      'public.event_1',
      'public.event_2a',
      'public.event_2b',
      'public.event_3',
    ]);
  });

  it.each([0, 1])('a table with %i rows', async (rows) => {
    await client.rows(`create table event (id bigint primary key, at varchar(50) not null)`);
    await client.rows(`insert into event select n, ${MOMENT} from generate_series(1, ${rows}) as n`);
    log = await fillEventTable(database.url);
    await expectAllFilled(client, rows);
  });

  it('a table of nothing but rejects, which are written down and not looked at again', async () => {
    await client.rows(`create table event (id bigint primary key, at varchar(50) not null)`);
    await client.rows(`insert into event select n, 'day ' || n from generate_series(1, ${ROWS}) as n`);
    log = await fillEventTable(database.url);
    const [rejects] = await client.rows(`
      select count(*)::int as rejects, count(distinct raw_value)::int as values, min(reason) as reason
      from online_migration.reject`);
    expect(rejects).toEqual({ rejects: ROWS, values: ROWS, reason: 'no equal value of type timestamptz' });
    expect(log.at(-1)).toContain(
      '; 20,000 rows did not convert: correct them before enforce (`npx online-migration preflight` lists them)',
    );
  });

  it('a value that makes the conversion fail is found alone, and is a reject with the error as its reason', async () => {
    await client.rows(`create table event (id bigint primary key, at varchar(50) not null)`);
    await client.rows(`insert into event select n, n::text from generate_series(1, ${ROWS}) as n`);
    await client.rows(`update event set at = 'x' || at where id in (3, 7777, ${ROWS})`);
    const toInteger = changeOf('event.at', {
      from: 'varchar(50)',
      to: 'integer',
      conversion: { forward: (value) => `${value}::integer`, backward: (value) => `${value}::text` },
    });
    await fillEventTable(database.url, toInteger);
    const unfilled = await client.rows<{ id: string }>(
      `select id from event where at_new is distinct from id order by id`,
    );
    expect(unfilled.map(({ id }) => Number(id))).toEqual([3, 7777, ROWS]);
    expect(
      await client.rows(`select key, raw_value, reason from online_migration.reject order by key::bigint`),
    ).toEqual(
      [3, 7777, ROWS].map((id) => ({
        key: String(id),
        raw_value: `x${id}`,
        reason: `invalid input syntax for type integer: "x${id}"`,
      })),
    );
  });
});
