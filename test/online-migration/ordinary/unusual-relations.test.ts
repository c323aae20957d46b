import { describe, expect, it } from '@jest/globals';
import { planMigration } from '../../../src/online-migration/ordinary/plan-migration.ts';
import { warningOn } from '../../../src/online-migration/ordinary/planning/running-code.ts';
import { Session } from '../../../src/online-migration/postgres/session.ts';
import { databasePerFile } from '../../support/tested-database.ts';
import { runWithoutLockedReads } from './without-locked-reads.ts';

const ROWS = 20_000;
const database = databasePerFile(
  `create table orders (id serial primary key, total int not null)`,
  `insert into orders (total) select n from generate_series(1, ${ROWS}) n`,
  `create view order_totals as select total from orders`,
  `drop schema if exists shop cascade`,
  `create schema shop`,
  `create domain label as text`,
  `create domain title as label`,
  `create domain filled as text check (value <> '')`,
  `create table people (id int, title title)`,
  `insert into people select n, 'x' from generate_series(1, ${ROWS}) n`,
  `create table parent (id int, note text)`,
  `create table child () inherits (parent)`,
  `insert into parent select n, 'x' from generate_series(1, ${ROWS}) n`,
  `insert into child select -n, null from generate_series(1, ${ROWS}) n`,
  `create type pair as (a int, b int)`,
  `create table pairs of pair`,
  `insert into pairs values (1, 2)`,
  `create table parts (id int) partition by range (id)`,
  `create table parts_1 partition of parts for values from (0) to (100000)`,
  `create index parts_id on parts (id)`,
  `insert into parts values (1)`,
  `create materialized view late_orders as select * from orders where total < 0`,
  `create extension if not exists postgres_fdw`,
  `create server elsewhere foreign data wrapper postgres_fdw`,
  `create foreign table remote (id int) server elsewhere`,
  `create table remote_parts (id int) partition by range (id)`,
  `create foreign table remote_parts_1 partition of remote_parts for values from (0) to (10) server elsewhere`,
  `analyze orders, people, parent, child, parts`,
);
const { client } = database;

const { run, expectRefused } = runWithoutLockedReads(database);

const notNull = (table: string) =>
  client.value<boolean>(
    `select attnotnull from pg_attribute where attrelid = $1::regclass and attname = 'note'`,
    [table],
  );

describe('a statement on a relation that is not an ordinary table', () => {
  it.each([
    [
      `alter domain label add constraint short check (length(value) < 100)`,
      /reads all rows of public\.people/,
    ],
    [`alter domain label set not null`, /reads all rows of public\.people/],
    [`truncate remote`, /all rows of public\.remote are lost/],
    [`truncate remote_parts`, /all rows of public\.remote_parts are lost/],
    [`alter table orders_pkey set tablespace pg_default`, /copies it while no query can use it/],
    [`alter type pair drop attribute b cascade`, /drops the column b of public\.pairs/],
    [`refresh materialized view late_orders`, /nobody can read it while its query runs/],
  ])('is refused: %s', (statement, message) => expectRefused(statement, message));

  it.each([
    [`alter table orders add names filled[]`, 'together'],
    [`alter table parts set tablespace pg_default`, 'locked'],
    [`alter index parts_id set tablespace pg_default`, 'locked'],
  ])('runs if it only changes the catalog: %s', async (statement, kind) => {
    expect(await run(statement)).toEqual([kind]);
  });

  it.each([
    [`drop foreign table remote`, 'public.remote'],
    [`alter foreign table remote drop column id`, 'id of public.remote'],
    [`alter foreign table remote rename column id to number`, 'id of public.remote'],
    [`alter view order_totals set schema shop`, 'public.order_totals'],
    [`alter schema public rename to store`, 'the schema "public"'],
  ])('has a warning if it takes a name from running code: %s', async (statement, taken) => {
    await using session = await Session.open({ connectionString: database.url }, 'migration');
    const { statements } = await planMigration(session, [statement]);
    expect(warningOn(statements[0]!)).toContain(`processes that still use ${taken} fail`);
  });
});

describe('a constraint of a table alone, from which others inherit,', () => {
  it('is NOT NULL for its rows alone', async () => {
    await run(`alter table only parent alter note set not null`);
    expect([await notNull('parent'), await notNull('child')]).toEqual([true, false]);
  });

  it.each([
    `alter table parent add constraint positive check (id > 0) no inherit`,
    `alter table parent add check (note is not null) no inherit`,
  ])('is not looked for in the rows of the others: %s', async (statement) => {
    expect(await run(statement)).toEqual(['find', 'locked', 'validate']);
  });

  it('proves nothing about the rows of the others', async () => {
    await client.rows(`update child set note = 'y'`);
    await client.rows(`alter table parent add constraint filled check (note is not null) no inherit`);
    await run(`alter table parent alter note set not null`);
    expect([await notNull('parent'), await notNull('child')]).toEqual([true, true]);
  });
});
