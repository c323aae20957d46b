import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import type { TableFill } from '../../../src/online-migration/ordinary/fill/table-fill.ts';
import { planMigration } from '../../../src/online-migration/ordinary/plan-migration.ts';
import { Session } from '../../../src/online-migration/postgres/session.ts';
import { runParts } from '../../support/fill-run.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const database = databasePerFile(
  `create schema if not exists shop`,
  `drop table if exists shop.orders`,
  `create table orders (id int primary key, total int, email text, doubled int generated always as (total * 2) stored)`,
  `insert into orders select n, n, 'A' || n from generate_series(1, 200) n`,
  `create table shop.orders (id int)`,
  `create table ruled (n int)`,
  `create rule silent as on update to ruled do instead nothing`,
  `create view seen as select * from orders`,
  `create table base (id int, note text)`,
  `create table child () inherits (base)`,
  `create table part (id int, place text, note text) partition by list (lower(place))`,
  `create table part_1 partition of part default`,
  `analyze`,
);

const fill = { table: 'orders', set: { total: '0' }, where: 'total <> 0' };

const REFUSED: readonly (readonly [string, TableFill, RegExp])[] = [
  ['an unknown table', { ...fill, table: 'order' }, /the table does not exist\. Instead: correct its name/],
  [
    'a schema in the name of the table',
    { ...fill, table: 'shop.orders' },
    /the table does not exist\. Instead: name schema and table apart: `\{ schema: 'shop', table: 'orders', … \}`/,
  ],
  ['an unknown column', { ...fill, set: { totl: '0' } }, /column "totl" of relation "orders" does not exist/],
  ['an unknown column in an expression', { ...fill, where: 'totl <> 0' }, /column "totl" does not exist/],
  [
    'an unknown function',
    { ...fill, set: { total: 'rond(total)' } },
    /function rond\(integer\) does not exist/,
  ],
  [
    'a wrong type',
    { ...fill, set: { total: 'email' } },
    /column "total" is of type integer but expression is of type text/,
  ],
  [
    'a generated column',
    { ...fill, set: { doubled: '0' } },
    /column "doubled" can only be updated to DEFAULT/,
  ],
  [
    'an aggregate',
    { ...fill, set: { total: 'max(total)' } },
    /aggregate functions are not allowed in UPDATE/,
  ],
  [
    'a table with a rewrite rule',
    { table: 'ruled', set: { n: '1' }, where: 'n is null' },
    /cannot perform UPDATE RETURNING on relation "ruled".*Instead: drop the rule/,
  ],
  ['a parameter', { ...fill, where: 'total <> $1' }, /there is no parameter \$1/],
  ['a view', { ...fill, table: 'seen' }, /public\.seen is a view\. Instead: fill the tables that it reads/],
  [
    'a condition that never becomes false',
    { ...fill, set: { total: 'total + 1' } },
    /a filled row still matches `where`.*email is distinct from lower\(email\)/,
  ],
  [
    'a table with heirs',
    { table: 'base', set: { note: `''` }, where: 'note is null' },
    /other tables inherit from public\.base/,
  ],
  [
    'the column of a partition key',
    { table: 'part', set: { place: `''` }, where: 'place is null' },
    /"place" decides on the partition of a row/,
  ],
  ['two expressions', { ...fill, set: { total: '1), email = (2' } }, /`1\), email = \(2` of `total` is not/],
  [
    'another statement',
    { ...fill, where: 'true); delete from orders where (true' },
    /of `where` is not one SQL expression/,
  ],
  [
    'a query behind an expression',
    { ...fill, where: 'true) as x from orders where (true' },
    /is not one SQL expression/,
  ],
  [
    'no SQL',
    { ...fill, set: { total: 'total +' } },
    /`total \+` of `total` is not accepted by PostgreSQL's grammar/,
  ],
];

describe('a fill with a mistake', () => {
  it.each(REFUSED)('is refused before anything runs: %s', async (_, mistaken, message) => {
    await expect(
      runParts(database.url, [`alter table orders add remark text null`, mistaken]),
    ).rejects.toMatchObject({ code: 'FILL_NOT_POSSIBLE', message: expect.stringMatching(message) });
    expect(
      await database.client.rows(
        `select from pg_attribute where attrelid = 'orders'::regclass and attname = 'remark'`,
      ),
    ).toEqual([]);
    expect(await database.client.value(`select sum(total)::int from orders`)).toBe(20_100);
  });

  it('is refused with the other statements of its migration', async () => {
    await expect(
      runParts(database.url, [`alter table orders add n serial`, { ...fill, table: 'order' }]),
    ).rejects.toMatchObject({
      code: 'MIGRATION_UNSAFE',
      message: expect.stringMatching(/add n serial.*\n.*the table does not exist/),
    });
  });
});

describe('the plan of a fill', () => {
  it('has the rows by PostgreSQL’s estimate, and changes nothing', async () => {
    await using session = await Session.open({ connectionString: database.url }, 'plan');
    const { steps } = await planMigration(session, [
      `alter table orders add remark text null`,
      { ...fill, where: 'id <= 100 and total <> 0' },
      { table: 'orders', set: { remark: 'email' }, where: 'remark is null' },
    ]);
    expect(steps).toMatchObject([
      { kind: 'together' },
      { kind: 'fill', lock: 'ROW EXCLUSIVE', relations: ['public.orders'] },
      { kind: 'fill', rows: 200, statements: ['update "orders" set "remark" = email where remark is null'] },
    ]);
    expect(Math.abs((steps[1] as { rows: number }).rows - 100)).toBeLessThan(10);
    expect(await database.client.value(`select sum(total)::int from orders`)).toBe(20_100);
  });
});

/** A statement that is refused, and its advice with the gap filled in. */
const ADVISED: readonly (readonly [statement: string, gap: string, filled: string])[] = [
  [`update big set "Odd ""c" = 'it''s'`, '', `"Odd ""c" = 'it''s'`],
  [`update public.big set n = n * 2 - n, "order" = 'a' where "order" is null`, '', `"order" = 'a'`],
  [`alter table big add extra uuid not null default gen_random_uuid()`, '', 'extra is not null'],
  [`alter table big add "user" text not null`, '1::text', `"user" = '1'`],
  [`alter table big add number bigserial`, 'numbers', 'number is not null'],
  [`alter table big add doubled int generated always as (n * 2) stored`, '', 'doubled = n * 2'],
];

describe('a refused statement', () => {
  it.each(ADVISED)('names the fill that does it, which runs: %s', async (statement, gap, filled) => {
    const { client } = database;
    await client.rows(`create sequence if not exists numbers`);
    await client.rows(`create table big (n int primary key, "order" text, "Odd ""c" text)`);
    await client.rows(`insert into big select n from generate_series(1, 12000) n`);
    await client.rows(`analyze big`);
    const refusal = await runParts(database.url, [statement]).catch((error: Error) => error.message);
    const call = /`await this\.(fill\(\{.*?\}\))` in a migration that extends OnlineMigration/.exec(
      refusal!,
    )?.[1];
    expect(call).toBeDefined();
    // The advice is code, so it is run as code.
    const advised = runInNewContext(call!.replace('…', gap), {
      fill: (each: TableFill) => each,
    }) as TableFill;
    const column = Object.keys(advised.set)[0]!;
    const type = { extra: 'uuid', user: 'text', number: 'bigint', doubled: 'int' }[column];
    if (type !== undefined) await client.rows(`alter table big add "${column}" ${type}`);
    await runParts(database.url, [advised]);
    expect(await client.value(`select count(*)::int from big where ${filled}`)).toBe(12_000);
  });

  it.each([
    `delete from big`,
    `update big set n = other.n from big as other where other.n = big.n`,
    `update big as b set n = b.n`,
    `update big set "order" = default`,
  ])('gets no fill that would mean something else: %s', async (statement) => {
    await database.client.rows(`create table big (n int, "order" text)`);
    await database.client.rows(`insert into big select n from generate_series(1, 12000) n`);
    await database.client.rows(`analyze big`);
    await expect(runParts(database.url, [statement])).rejects.toMatchObject({
      code: 'MIGRATION_UNSAFE',
      message: expect.stringContaining('Instead: write the rows in batches'),
    });
  });
});
