import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ColumnChange } from '../../../src/online-migration/change/column-change.ts';
import { integerToBigint } from '../../../src/online-migration/conversions/numbers/integer-to-bigint.ts';
import type { ThrowawayPostgres } from '../../../src/database/throwaway-postgres.ts';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { eventChange } from '../../support/event-change.ts';
import { expectAllFilled, fillEventTable, MOMENT } from '../../support/event-table.ts';
import { startOwnServer } from '../../support/own-server.ts';

const ROWS = 20_000;
const NARROW_ROWS = 60_000;

const resources = new AsyncDisposableStack();
let server: ThrowawayPostgres;
let client: DatabaseClient;

// A server of its own: a transaction that writes in any of a server's databases keeps dead rows from being reused.
beforeAll(async () => {
  server = resources.use(await startOwnServer({ fsync: 'off' }));
  client = resources.use(await connect(server.url()));
});
beforeEach(() => client.rows(`drop table if exists event; drop schema if exists online_migration cascade`));
afterAll(() => resources.disposeAsync());

describe('the space of', () => {
  it('a table with room on its pages moves no row to another page', async () => {
    await client.rows(
      `create table event (id bigint primary key, at varchar(50) not null) with (fillfactor = 50, autovacuum_enabled = off)`,
    );
    await client.rows(`insert into event select n, ${MOMENT} from generate_series(1, ${ROWS}) as n`);
    const pages = await client.value<string>(`select pg_relation_size('event')::text`);
    const log = await fillEventTable(server.url());
    await expectAllFilled(client, ROWS);
    expect(await client.value(`select pg_relation_size('event')::text`)).toBe(pages);
    expect(log.at(-1)).toMatch(/\(1\.00×\); (100 % heap-only updates; )?0 rejects$/);
    await countedUpdates(ROWS);
    expect(
      await client.value(`select n_tup_hot_upd::int from pg_stat_user_tables where relname = 'event'`),
    ).toBe(ROWS);
  });

  it('a full table grows by far less than its own size', async () => {
    await client.rows(
      `create table event (id bigint primary key, at varchar(50) not null, name text) with (autovacuum_enabled = off)`,
    );
    await client.rows(
      `insert into event select n, ${MOMENT}, 'LargeRecord_' || n from generate_series(1, ${ROWS}) as n`,
    );
    const before = Number(await client.value(`select pg_relation_size('event')`));
    await fillEventTable(server.url());
    await expectAllFilled(client, ROWS);
    expect(Number(await client.value(`select pg_relation_size('event')`))).toBeLessThan(1.5 * before);
  });

  it.each([
    { columns: 1, workers: 1 },
    { columns: 3, workers: 1 },
    { columns: 3, workers: 2 },
  ])('narrow rows is that of the new columns and little more: %o', async ({ columns, workers }) => {
    const names = ['a', 'b', 'c'];
    await client.rows(`
      create table event (id bigint primary key, ${names.map((name) => `${name} integer not null`).join(', ')})
      with (autovacuum_enabled = off)`);
    await client.rows(`insert into event select n, n, n, n from generate_series(1, ${NARROW_ROWS}) as n`);
    const size = async () => Number(await client.value(`select pg_relation_size('event')`));
    const before = await size();
    const change: ColumnChange = {
      table: { schema: 'public', name: 'event' },
      key: 'id',
      columns: names.slice(0, columns).map((name) => ({
        from: { name, type: 'integer' },
        to: { name: `${name}_new`, type: 'bigint' },
        conversion: integerToBigint,
      })),
    };
    await fillEventTable(server.url(), change, { workers });
    const newBytes = NARROW_ROWS * columns * 8;
    // An eighth of the old rows leaves its place to nobody, and each row has one more line pointer.
    expect((await size()) / (before + newBytes)).toBeLessThan(1.25);
  });

  it('a table with 9 to 16 rows on a page lets most rows stay on theirs', async () => {
    await client.rows(
      `create table event (id bigint primary key, at varchar(50) not null, document text) with (autovacuum_enabled = off)`,
    );
    await client.rows(
      `insert into event select n, ${MOMENT}, repeat('x', 700) from generate_series(1, ${ROWS}) as n`,
    );
    const keyBefore = Number(await client.value(`select pg_indexes_size('event')`));
    await fillEventTable(server.url());
    await expectAllFilled(client, ROWS);
    await countedUpdates(ROWS);
    // With two rows on some pages in one pass, it is 0.8, and the key becomes twice as large.
    expect(
      await client.value(
        `select n_tup_hot_upd::float8 / n_tup_upd from pg_stat_user_tables where relname = 'event'`,
      ),
    ).toBeGreaterThan(0.87);
    expect(Number(await client.value(`select pg_indexes_size('event')`))).toBeLessThan(1.1 * keyBefore);
  });

  it('a table with two rows on a page lets later ranges use the room that earlier ones have left', async () => {
    const growth = await growthOfWideTable(1);
    // Every other row moves to another page, so without a vacuum it is 1.5.
    expect(growth).toBeLessThan(1.3);
  });

  it('a table with two workers is vacuumed between their ranges, and their sessions end with them', async () => {
    await growthOfWideTable(2);
    expect(
      await client.value(`select vacuum_count::int from pg_stat_user_tables where relname = 'event'`),
    ).toBeGreaterThan(0);
    expect(
      await client.value(
        `select count(*)::int from pg_stat_activity where application_name like 'online-migration%'`,
      ),
    ).toBe(0);
  });
});

/** Resolves when the server has counted so many updates; up to PostgreSQL 14 that takes a moment. */
async function countedUpdates(updates: number): Promise<void> {
  const isCounted = `
    select coalesce(max(n_tup_upd), 0) >= ${updates} from pg_stat_user_tables where relname = 'event'`;
  while (!(await client.value<boolean>(isCounted)));
}

/** Fills a table with two rows on each page; returns how many times as large it is then. */
async function growthOfWideTable(workers: number): Promise<number> {
  const rows = 45_000;
  await client.rows(
    `create table event (id bigint primary key, at varchar(50) not null, document text) with (autovacuum_enabled = off)`,
  );
  await client.rows(`alter table event alter column document set storage plain`);
  await client.rows(
    `insert into event select n, ${MOMENT}, repeat('x', 3000) from generate_series(1, ${rows}) as n`,
  );
  const before = Number(await client.value(`select pg_relation_size('event')`));
  await fillEventTable(server.url(), eventChange, { workers });
  await expectAllFilled(client, rows);
  return Number(await client.value(`select pg_relation_size('event')`)) / before;
}
