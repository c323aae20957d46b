import { describe, expect, it } from '@jest/globals';
import { ordinaryRun } from '../../support/ordinary-run.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const database = databasePerFile(
  `create table "Customer ""c""" (id int primary key)`,
  `create table orders (id int primary key, total int, parent int references orders)`,
  `create table items (
    id int primary key, order_id int references orders, "Customer ""c""" int constraint "Fk ""f""" references "Customer ""c"""
  )`,
  `create table parts (item_id int references items)`,
  `create table log (day date, order_id int references orders) partition by range (day)`,
  `create table log_1 partition of log for values from ('2024-01-01') to ('2025-01-01')`,
  `insert into "Customer ""c""" values (1)`,
  `insert into orders values (1, 1, null)`,
  `insert into items values (1, 1, 1)`,
  `insert into parts values (1)`,
  `insert into log values ('2024-01-01', 1)`,
  `analyze`,
);

const { plan, runWithInterruptions, catalogAsWritten, catalog, harmfulIn } = ordinaryRun(database);

const SAFE: readonly (readonly [name: string, statements: readonly string[], kinds: string])[] = [
  ['a table', [`drop table parts`, `drop table items`], 'locked locked locked locked locked'],
  ['a table with cascade', [`drop table parts cascade`], 'locked locked'],
  ['several tables', [`drop table if exists items, parts`], 'locked locked locked locked'],
  ['a column', [`alter table items drop column "Customer ""c"""`], 'locked locked'],
  [
    'two columns',
    [`alter table items drop column order_id, drop column "Customer ""c"""`],
    'locked locked locked locked',
  ],
  ['a foreign key', [`alter table items drop constraint "Fk ""f"""`], 'locked'],
  ['a partitioned table', [`drop table log`], 'locked locked'],
  ['a partition', [`drop table log_1`], 'together'],
  ['a table that refers to itself', [`alter table orders drop column parent`], 'together'],
  [
    'foreign keys before the table',
    [
      `alter table parts drop constraint parts_item_id_fkey`,
      `alter table items drop constraint items_order_id_fkey`,
      `drop table items`,
    ],
    'locked locked locked locked',
  ],
  [
    'a table without rows, of a table with rows',
    [`create table empty (id int references orders)`, `drop table empty`],
    'together',
  ],
];

describe('an ordinary migration that drops, with foreign keys to tables in use,', () => {
  it.each(SAFE)('%s locks the tables one by one', async (_, statements, kinds) => {
    const expected = await catalogAsWritten(statements);
    const { steps } = await plan(statements);
    expect(steps.map(({ kind }) => kind).join(' ')).toBe(kinds);
    expect(await harmfulIn(statements)).toEqual([]);
    expect(await catalog()).toEqual(expected);
  });

  it('goes on, if it is interrupted behind any of its steps', async () => {
    const statements = [`drop table parts, items`];
    const expected = await catalogAsWritten(statements);
    await runWithInterruptions(statements);
    expect(await catalog()).toEqual(expected);
  });

  it('leaves the foreign keys alone, if PostgreSQL refuses the statement', async () => {
    const { steps } = await plan([`drop table items`]);
    expect(steps).toMatchObject([{ statements: [`drop table items`] }]);
  });
});
