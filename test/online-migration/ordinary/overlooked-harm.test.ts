import { Migration } from '@mikro-orm/migrations';
import { describe, expect, it } from '@jest/globals';
import { planMigration, refuseRefused } from '../../../src/online-migration/ordinary/plan-migration.ts';
import { Session } from '../../../src/online-migration/postgres/session.ts';
import { carriedOut } from '../../support/carried-out.ts';
import { openOrdinaryProject } from '../../support/ordinary-project.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const database = databasePerFile(
  `create table orders (id serial primary key, total int not null, note text null, extra text null)`,
  `insert into orders (total, note) select n, 'note ' || n from generate_series(1, 20000) n`,
  `create index orders_note on orders (note)`,
  `create index orders_extra on orders (extra)`,
  `create table lines (order_id int references orders)`,
  `create view order_totals as select id, total, note from orders`,
  `drop schema if exists archive cascade`,
  `create schema archive`,
  `create function touch() returns trigger language plpgsql as 'begin return new; end'`,
  `create trigger audit before update of id on orders for each row execute function touch()`,
  `create policy own on orders using (true)`,
  `create table parent (id int, note text, value int)`,
  `create table child () inherits (parent)`,
  `insert into child select n, 'x', n from generate_series(1, 20000) n`,
  `create table parts (id int, note text) partition by list (id)`,
  `create table parts_default partition of parts default`,
  `insert into parts values (1, 'x')`,
  `create domain random_id as uuid default gen_random_uuid()`,
  `create domain email as text check (value like '%@%')`,
  `create table mails (id int, mail email)`,
  `insert into mails values (1, 'a@b')`,
  `create materialized view totals as select * from orders`,
  `create view of_totals as select id from totals`,
  `create table setting (name text)`,
  `insert into setting values ('a')`,
  `analyze`,
);
const { client } = database;

const kindsOf = async (...statements: string[]) => {
  await using session = await Session.open({ connectionString: database.url }, 'migration');
  const plan = await planMigration(session, statements);
  refuseRefused(plan, 'Migration');
  return plan.steps.map(({ kind }) => kind);
};

const run = (...statements: string[]) => carriedOut(database.url, statements);

const columnsOf = (index: string) =>
  client.value(
    `select string_agg(attname, ',' order by attnum) from pg_attribute where attrelid = to_regclass($1)`,
    [index],
  );

describe('a renamed index', () => {
  it('is built again if an earlier statement gives its column another name', async () => {
    await run(
      `alter table orders rename note to remark`,
      `alter table orders rename extra to note`,
      `drop index orders_note`,
      `create index orders_new on orders (note)`,
    );
    const number = await client.value(
      `select indkey::text from pg_index where indexrelid = 'orders_new'::regclass`,
    );
    // The number of the column that was `extra`.
    expect(number).toBe('4');
    expect(await columnsOf('orders_note')).toBeNull();
  });

  it('is dropped if one of the new name may be there', async () => {
    await run(`drop index orders_note`, `create index if not exists orders_extra on orders (note)`);
    expect(await columnsOf('orders_extra')).toBe('extra');
  });
});

describe('an index that others have made under the name', () => {
  it('is never taken for the one of the migration', async () => {
    const statement = `create index orders_note on orders (extra)`;
    await expect(run(statement)).rejects.toThrow(/already exists/);
    await expect(run(statement)).rejects.toThrow(/already exists/);
    expect(await client.value(`select to_regclass('ledger') is null`)).toBe(true);
    await client.rows(`drop index orders_note`);
    await run(statement);
    expect(await columnsOf('orders_note')).toBe('extra');
  });
});

describe('the plan', () => {
  it.each([
    [['find', 'locked', 'validate'], [`alter table parent add constraint c check (id > 0)`]],
    [['find', 'locked', 'validate', 'locked', 'locked'], [`alter table parent alter note set not null`]],
    [
      ['together', 'together'],
      [`drop trigger audit on orders`, `update setting set name = 'b'`],
    ],
    [
      ['together', 'together'],
      [`drop policy own on orders`, `update setting set name = 'b'`],
    ],
    [
      ['together', 'together'],
      [
        `create table more (id int references orders)`,
        `insert into more select 1 from generate_series(1, 9)`,
      ],
    ],
    [
      ['together', 'find', 'locked', 'validate'],
      [`alter table orders add constraint c check (b > 0), add column b int`],
    ],
    [['together', 'find', 'locked', 'validate'], [`alter table orders add column a int check (a > 0)`]],
    [['together'], [`update order_totals set note = 'y' where id = 7`]],
  ] as const)('has the steps %j for %j', async (kinds, statements) => {
    const planned = await kindsOf(...statements);
    expect(planned).toEqual(kinds);
    await run(...statements);
  });

  it('reads a table of another schema beside one of its name', async () => {
    const kinds = await kindsOf(
      `set search_path to archive`,
      `create table orders (id int, note text)`,
      `set search_path to public`,
      `create index orders_other on orders (note)`,
    );
    expect(kinds.at(-1)).toBe('build-index');
  });

  it.each([
    [`alter table parent alter value type bigint`, /rewrites or reads the whole table/],
    [`update parent set note = 'y'`, /would be locked/],
    [`update order_totals set note = 'y'`, /would be locked/],
    [`delete from order_totals`, /would be locked/],
    [`alter table orders add column u random_id`, /a domain with a constraint or a default/],
    [`drop domain email cascade`, /dependents of the domain.*column mail of table mails/],
    [`drop materialized view totals cascade`, /dependents of the materialized view.*of_totals/],
    [`drop extension plpgsql cascade`, /dependents of the extension/],
    [`select set_config('session_replication_role', 'replica', true)`, /no trigger and no foreign key/],
    [
      `alter table orders add column a int check (a > 1), alter column total type bigint`,
      /rewrites or reads the whole table/,
    ],
  ])('refuses %s', async (statement, message) => {
    await expect(run(statement)).rejects.toMatchObject({
      code: 'MIGRATION_UNSAFE',
      message: expect.stringMatching(message),
    });
  });

  it.each([
    `alter table orders drop column note cascade`,
    `alter table orders drop constraint orders_pkey cascade`,
  ])('keeps the dependents of %s', async (statement) => {
    await expect(run(statement)).rejects.toThrow(/also drops the dependents of the/);
    expect(await client.value(`select to_regclass('order_totals') is not null`)).toBe(true);
    expect(
      await client.value(
        `select count(*)::int from pg_constraint where conname like 'lines%' and contype = 'f'`,
      ),
    ).toBe(1);
  });
});

describe('a migration that sends or reads', () => {
  it('has no index built in place of one that it drops in the same text', async () => {
    class Sends extends Migration {
      override async up(): Promise<void> {
        await this.execute(`drop index orders_note; create index orders_new on orders (note)`);
        await this.execute(`insert into setting values ('b')`);
      }
    }
    await using migrator = await openOrdinaryProject(database, { '0001': Sends });
    await expect(migrator.orm.migrator.up()).rejects.toMatchObject({ code: 'MIGRATION_UNSAFE' });
    expect(await columnsOf('orders_note')).toBe('note');
  });

  it('reads on after an error that it catches', async () => {
    class Reads extends Migration {
      override async up(): Promise<void> {
        const isThere = (table: string) =>
          this.execute(`select from ${table}`).then(
            () => true,
            () => false,
          );
        const [missing, setting] = [await isThere('missing'), await isThere('setting')];
        this.addSql(`create table found_${missing}_${setting} ()`);
      }
    }
    await using migrator = await openOrdinaryProject(database, { '0001': Reads });
    await migrator.orm.migrator.up();
    expect(await client.value(`select to_regclass('found_false_true') is not null`)).toBe(true);
  });

  it('loses no statement if others that run beside it fail', async () => {
    class Sends extends Migration {
      override async up(): Promise<void> {
        await Promise.allSettled([
          this.execute(`insert into setting values ('one')`),
          this.execute(`insert into setting select name::int::text from setting`),
          this.execute(`insert into setting values ('two')`),
          this.execute(`insert into setting select 'x' from setting where name::int = 1`),
          this.execute(`insert into setting values ('three')`),
        ]);
      }
    }
    await using migrator = await openOrdinaryProject(database, { '0001': Sends });
    await migrator.orm.migrator.up();
    expect(await client.rows(`select name from setting order by name`)).toEqual(
      ['a', 'one', 'three', 'two'].map((name) => ({ name })),
    );
  });
});
