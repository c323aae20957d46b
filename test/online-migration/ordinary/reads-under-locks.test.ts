import { describe, expect, it } from '@jest/globals';
import { describeFrom } from '../../support/server-major.ts';
import { databasePerFile } from '../../support/tested-database.ts';
import { runWithoutLockedReads } from './without-locked-reads.ts';

const ROWS = 2_000;
const database = databasePerFile(
  `create domain positive as int check (value > 0)`,
  `create domain unused as int`,
  `create type pair as (a int, b int)`,
  `create table pairs of pair`,
  `insert into pairs select n, n from generate_series(1, ${ROWS}) n`,
  `create table customers (id int primary key)`,
  `insert into customers select n from generate_series(1, 10) n`,
  `create table orders (
    id serial primary key, total int not null, note text null, extra text null, size positive, sizes positive[],
    customer_id int constraint orders_customer references customers, twice int generated always as (total * 2) stored
  )`,
  `insert into orders (total, note, extra, size, customer_id) select n, 'note', 'x', n, 1 + n % 10 from generate_series(1, ${ROWS}) n`,
  `update orders set extra = null where id = 7`,
  `create index orders_total_index on orders (total)`,
  `create materialized view sums as select total % 10 as rest, count(*) from orders group by 1`,
  `create materialized view keyed as select total % 10 as rest, count(*) from orders group by 1`,
  `create unique index on keyed (rest)`,
  `create materialized view unfilled as select total % 10 as rest, count(*) from orders group by 1 with no data`,
  `create table parts (id int, note text) partition by range (id)`,
  `create table parts_1 partition of parts for values from (0) to (100000)`,
  `insert into parts select n, 'x' from generate_series(1, ${ROWS}) n`,
  `analyze`,
);
const { client } = database;

const { run, expectRefused } = runWithoutLockedReads(database);

describe('a constraint of a domain', () => {
  it.each([
    [
      `alter domain positive add constraint small check (value < 100000)`,
      /reads all rows of public\.orders.*Instead: .*`alter domain "positive" add constraint … not valid`/,
    ],
    [`alter domain positive add check (value < 100000)`, /reads all rows of public\.orders/],
    [`alter domain positive set not null`, /Instead: set each column of the type not null/],
    [`alter domain positive validate constraint positive_check`, /reads all rows of public\.orders/],
  ])('is refused, if it reads a table: %s', (statement, message) => expectRefused(statement, message));

  it.each([
    `alter domain positive add constraint small check (value < 100000) not valid`,
    `alter domain positive drop constraint positive_check`,
    `alter domain positive set default 5`,
    `alter domain unused set not null`,
    `alter domain unused add check (value < 100000)`,
  ])('runs as it is, if it reads none: %s', async (statement) => {
    expect(await run(statement)).toEqual(['together']);
  });
});

describe('a materialized view', () => {
  it('is refreshed beside its readers, if an index allows it', async () => {
    await client.rows(`update orders set total = 1`);
    expect(await run(`refresh materialized view keyed`)).toEqual(['validate']);
    expect(await client.rows(`select rest, count::int from keyed`)).toEqual([{ rest: 1, count: ROWS }]);
  });

  it('is refreshed as it is written, if nobody can read it yet', async () => {
    expect(await run(`refresh materialized view unfilled`)).toEqual(['locked']);
    expect(await client.value(`select count(*)::int from unfilled`)).toBe(10);
  });

  it('is refreshed as it is written, if the migration makes it', async () => {
    await run(
      `create materialized view own as select id from orders with no data`,
      `refresh materialized view own`,
    );
    expect(await client.value(`select count(*)::int from own`)).toBe(ROWS);
  });

  it.each([
    [
      `refresh materialized view sums`,
      /nobody can read it.*Instead: `create unique index on public\.sums \(…\)` on columns/,
    ],
    [`refresh materialized view keyed with no data`, /those that read it fail/],
    [`alter materialized view sums set tablespace pg_default`, /copies/],
  ])('is refused otherwise: %s', (statement, message) => expectRefused(statement, message));
});

describe('a statement that rewrites or moves', () => {
  it.each([
    [`alter type pair alter attribute a type bigint cascade`, /rewrites the tables of the type/],
    [
      `alter index orders_total_index set tablespace pg_default`,
      /Instead: `reindex \(tablespace "pg_default"\) index concurrently "orders_total_index"`/,
    ],
    [`alter table all in tablespace pg_default set tablespace pg_default`, /Instead: use pg_repack/],
  ])('is refused: %s', (statement, message) => expectRefused(statement, message));

  it('runs if no table has the type', async () => {
    await client.rows(`create type single as (a int)`);
    expect(await run(`alter type single alter attribute a type bigint cascade`)).toEqual(['locked']);
  });
});

describeFrom(17, 'the expression of a stored column', () => {
  it('is refused', () =>
    expectRefused(
      `alter table orders alter twice set expression as (total * 3)`,
      /rewrites or reads the whole table.*Instead: add another column/,
    ));
});

describeFrom(18, 'a constraint of PostgreSQL 18', () => {
  it('is not enforced again under a lock', async () => {
    await run(`alter table orders alter constraint orders_customer not enforced`);
    await client.rows(`drop table ledger`);
    await expectRefused(
      `alter table orders alter constraint orders_customer enforced`,
      /Instead: drop it and add it again, in one migration/,
    );
    await run(`alter table orders alter constraint orders_customer deferrable`);
  });

  it('of a virtual column gets another expression at once', async () => {
    await client.rows(`alter table orders add thrice int generated always as (total * 3) virtual`);
    expect(await run(`alter table orders alter thrice set expression as (total + total + total)`)).toEqual([
      'locked',
    ]);
  });

  it.each([
    [`alter table orders add constraint noted not null note`, 'noted'],
    [`alter table orders add not null note`, 'orders_note_not_null'],
    [`alter table parts add constraint noted not null note`, 'noted'],
  ])('that is NOT NULL is added before the rows are read: %s', async (statement, name) => {
    expect(await run(statement)).toEqual(['find', 'locked', 'validate']);
    expect(
      await client.value(
        `select bool_and(convalidated) from pg_constraint where conname = $1 and contype = 'n'`,
        [name],
      ),
    ).toBe(true);
  });

  it('that is NOT NULL is added alone, if its author validates it later', async () => {
    expect(
      await run(
        `alter table orders add constraint noted not null note not valid`,
        `alter table orders validate constraint noted`,
      ),
    ).toEqual(['locked', 'validate']);
  });

  it('that is NOT NULL names the rows in its way', async () => {
    await expect(run(`alter table orders add not null extra`)).rejects.toMatchObject({
      code: 'ROWS_IN_THE_WAY',
      message: expect.stringMatching(/have no "extra".*7/),
    });
  });

  it.each([
    [`alter table orders alter note set not null`, ['find', 'validate']],
    [`alter table orders add unique (note), alter note set not null`, ['find', 'validate']],
  ])('that is NOT NULL and not validated yet is validated by %s', async (statement, kinds) => {
    await client.rows(`update orders set note = id::text`);
    await client.rows(`alter table orders add constraint noted not null note not valid`);
    expect(await run(statement)).toEqual(expect.arrayContaining(kinds));
    expect(await client.value(`select convalidated from pg_constraint where conname = 'noted'`)).toBe(true);
  });

  it('that is NOT NULL and not validated yet is validated for a primary key', async () => {
    await client.rows(`update orders set note = id::text`);
    await client.rows(`alter table orders drop constraint orders_pkey`);
    await client.rows(`alter table orders add constraint noted not null note not valid`);
    await run(`alter table orders add primary key (note)`);
    expect(await client.value(`select convalidated from pg_constraint where conname = 'noted'`)).toBe(true);
  });
});
