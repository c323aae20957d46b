import { describe, expect, it } from '@jest/globals';
import { carriedOut } from '../../support/carried-out.ts';
import { describeFrom } from '../../support/server-major.ts';
import { databasePerFile } from '../../support/tested-database.ts';

// PostgreSQL's estimate for `total % 3 > 0` is a third of the rows, and that for `total % 2 = 0` a two-hundredth.
const database = databasePerFile(
  `create table orders (id serial primary key, total int not null, note text null)`,
  `insert into orders (total, note) select n, 'note ' || n from generate_series(1, 24000) n`,
  `create table archive (id int, note text)`,
  `create table numbers (id int)`,
  `insert into numbers values (1), (2)`,
  `create sequence counter`,
  `create table late (id int)`,
  `insert into late select n from generate_series(1, 100) n`,
  `analyze`,
  `insert into late select n from generate_series(1, 24000) n`,
  `create table refilled (id int)`,
  `insert into refilled select n from generate_series(1, 24000) n`,
  `delete from refilled where id < 24000`,
  `vacuum refilled`,
  `insert into refilled select n from generate_series(1, 20000) n`,
);
const { client } = database;

const MORE = /public\.orders has about 24000 rows, and more than 10000 of them would be locked/;

describe('a statement that writes more rows than PostgreSQL estimates', () => {
  it.each([
    `delete from orders where total % 3 > 0`,
    `update only orders as o set note = 'x' from numbers where o.total % 2 = numbers.id % 2 and o.total % 3 > 0`,
    `delete from orders using numbers where total % 4 = numbers.id % 4`,
    `insert into archive select id, note from orders where total % 3 > 0`,
    `with chosen as (select id from orders where total % 3 > 0) delete from orders using chosen where orders.id = chosen.id and orders.total % 2 >= 0`,
    `with gone as (delete from orders where total % 3 > 0 returning id) select count(*) from gone`,
    `create table gone as with gone as (delete from orders where total % 3 > 0 returning id) select * from gone`,
    `with gone as (delete from orders where total % 3 > 0 returning id, note) insert into archive select * from gone`,
  ])('is refused: %s', async (statement) => {
    await expect(carriedOut(database.url, [statement])).rejects.toMatchObject({
      code: 'MIGRATION_UNSAFE',
      message: expect.stringMatching(MORE),
    });
    expect(await client.value(`select count(*)::int from orders`)).toBe(24_000);
  });

  it.each([
    [`delete from orders where total % 3000 = 1`, 23_992],
    [
      `with gone as (delete from orders where total % 3000 = 1 returning id) select count(*) from gone`,
      23_992,
    ],
    // It cannot be counted before it runs.
    [`delete from orders where id = nextval('counter') + 5 and id = 6`, 23_999],
  ])('runs if they are few: %s', async (statement, rows) => {
    await carriedOut(database.url, [statement]);
    expect(await client.value(`select count(*)::int from orders`)).toBe(rows);
  });

  it('is refused if the table has grown since it was analyzed', async () => {
    await expect(carriedOut(database.url, [`delete from late`])).rejects.toMatchObject({
      code: 'MIGRATION_UNSAFE',
      message: expect.stringMatching(/public\.late has about \d{5} rows, and they would be locked/),
    });
  });

  it('is refused if the table was almost empty when it was analyzed', async () => {
    await expect(carriedOut(database.url, [`delete from refilled`])).rejects.toMatchObject({
      code: 'MIGRATION_UNSAFE',
      message: expect.stringMatching(/more than 10000 rows of public\.refilled would be locked/),
    });
  });

  it('is not counted by writing', async () => {
    await carriedOut(database.url, [`update orders set note = nextval('counter')::text where id = 5`]);
    expect(await client.value(`select last_value::int from counter`)).toBe(1);
    expect(await client.value(`select is_called from counter`)).toBe(true);
  });
});

describeFrom(15, 'a merge that writes more rows than PostgreSQL estimates', () => {
  it('is refused', async () => {
    const statement =
      `merge into orders using numbers on orders.total % 4 = numbers.id % 4 and orders.total % 5 >= 0 ` +
      `when matched then update set note = 'x'`;
    await expect(carriedOut(database.url, [statement])).rejects.toMatchObject({
      code: 'MIGRATION_UNSAFE',
      message: expect.stringMatching(MORE),
    });
  });
});
