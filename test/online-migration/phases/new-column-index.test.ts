import { describe, expect, it } from '@jest/globals';
import type { ColumnChange } from '../../../src/online-migration/change/column-change.ts';
import { connect } from '../../support/database-client.ts';
import { eventChange } from '../../support/event-change.ts';
import { expectAllFilled, fillEventTable, MOMENT } from '../../support/event-table.ts';
import { databasePerTest } from '../../support/tested-database.ts';

const ROWS = 5_000;
const indexed: ColumnChange = {
  ...eventChange,
  columns: eventChange.columns.map((pair) => ({ ...pair, index: true })),
};

const database = databasePerTest();
const { client } = database;

/** The indexes on the new column, each with its table and whether queries can use it. */
const indexes = () =>
  client.rows(`
    select i.indrelid::regclass::text as table, i.indexrelid::regclass::text as index, i.indisvalid as valid
    from pg_index i
    join pg_attribute a on a.attrelid = i.indrelid and a.attname = 'at_new' and i.indkey::text = a.attnum::text
    order by 1`);

const insertRows = () =>
  client.rows(`insert into event select n, ${MOMENT} from generate_series(1, ${ROWS}) as n`);

describe('the index of the new column', () => {
  it('is there after the backfill, where the declaration asks for it', async () => {
    await client.rows(`create table event (id bigint primary key, at varchar(50) not null)`);
    await insertRows();
    const log = await fillEventTable(database.url, indexed);
    await expectAllFilled(client, ROWS);
    expect(await indexes()).toEqual([{ table: 'event', index: 'event_at_new_idx', valid: true }]);
    expect(log.filter((line) => line.includes('held ACCESS EXCLUSIVE'))).toHaveLength(1);
  });

  it('is not there without being asked for', async () => {
    await client.rows(`create table event (id bigint primary key, at varchar(50) not null)`);
    await insertRows();
    await fillEventTable(database.url);
    expect(await indexes()).toEqual([]);
  });

  it('that a killed run left unfinished is made anew', async () => {
    await client.rows(`create table event (id bigint primary key, at varchar(50) not null)`);
    await insertRows();
    await using reader = await connect(database.url, 'reader');
    const readerPid = reader.pid;
    await reader.rows('begin isolation level repeatable read');
    await reader.rows('select 1');
    // The index waits for the reader's old snapshot. Its builder is killed while it waits.
    const filling = fillEventTable(database.url, indexed);
    const outcome = filling.then(
      () => 'filled',
      () => 'failed',
    );
    const builder = async () =>
      client.value<number | null>(
        `
        select pid from pg_stat_activity
        where datname = current_database() and query like 'create index concurrently%'
          and $1 = any (pg_blocking_pids(pid))`,
        [readerPid],
      );
    let pid: number | null | undefined;
    while (!pid) pid = await builder();
    await client.rows(`select pg_terminate_backend($1)`, [pid]);
    expect(await outcome).toBe('failed');
    expect(await indexes()).toEqual([{ table: 'event', index: 'event_at_new_idx', valid: false }]);
    await reader.rows('rollback');
    await fillEventTable(database.url, indexed, { isExpanded: true });
    expect(await indexes()).toEqual([{ table: 'event', index: 'event_at_new_idx', valid: true }]);
  });

  it('of a partitioned table is made leaf by leaf, and valid on the whole', async () => {
    await client.rows(
      `create table event (id bigint, at varchar(50) not null, primary key (id)) partition by range (id)`,
    );
    await client.rows(`create table event_1 partition of event for values from (0) to (2000)`);
    await client.rows(
      `create table "event 2" partition of event for values from (2000) to (4000) partition by hash (id)`,
    );
    await client.rows(
      `create table event_2a partition of "event 2" for values with (modulus 1, remainder 0)`,
    );
    await client.rows(`create table event_3 partition of event default`);
    await insertRows();
    await fillEventTable(database.url, indexed);
    await expectAllFilled(client, ROWS);
    expect(await indexes()).toEqual([
      { table: '"event 2"', index: '"event 2_at_new_idx"', valid: true },
      { table: 'event', index: 'event_at_new_idx', valid: true },
      { table: 'event_1', index: 'event_1_at_new_idx', valid: true },
      { table: 'event_2a', index: 'event_2a_at_new_idx', valid: true },
      { table: 'event_3', index: 'event_3_at_new_idx', valid: true },
    ]);
  });
});
