import { describe, expect, it } from '@jest/globals';
import { planMigration } from '../../../src/online-migration/ordinary/plan-migration.ts';
import { Session } from '../../../src/online-migration/postgres/session.ts';
import { carriedOut } from '../../support/carried-out.ts';
import { readSchema } from '../../support/schema-snapshot.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const ROWS = 2_000;
/** PostgreSQL keeps 63 bytes of a name. */
const long = (name: string) => name + '_with_a_name_that_is_longer_than_postgresql_keeps_it'.repeat(2);

const database = databasePerFile(
  `drop schema if exists archive cascade`,
  `create schema archive`,
  `create table customers (id int primary key, name text not null)`,
  `insert into customers select n, 'customer ' || n from generate_series(1, 100) n`,
  `create table orders (
    id serial primary key, total int not null, note text null, state text not null, customer_id int null,
    label varchar(50) null, "Odd ""Name" int not null,
    constraint orders_state_check check (state in ('new', 'paid'))
  )`,
  `insert into orders (total, note, state, customer_id, label, "Odd ""Name")
  select n, 'note ' || n, 'new', 1 + n % 100, 'label', n from generate_series(1, ${ROWS}) n`,
  `create type state as enum ('new', 'paid')`,
  `create table kinds (id int primary key)`,
  `insert into kinds values (1)`,
  `alter table kinds add constraint kinds_once unique (id)`,
  `create table typed (id int, state state, kind int references kinds)`,
  `insert into typed values (1, 'new', 1)`,
  `create function touch() returns trigger language plpgsql as 'begin return new; end'`,
  `create trigger touch before update of id on typed for each row when (new.id > 1) execute function touch()`,
  `create policy own on typed using (id > 0)`,
  `alter table typed add constraint positive check (id > 0)`,
  `create index on typed ((id + 1)) where id > 0`,
  `create view names as select name from customers`,
  `create index orders_total_index on orders (total)`,
  `create index orders_label_idx on orders (label)`,
  `analyze`,
);

/** Statements of MikroORM and of people, and the kinds of the steps. */
const SAFE: readonly (readonly [name: string, statements: readonly string[], kinds: readonly string[]])[] = [
  ['a nullable column', [`alter table "orders" add "extra" varchar(255) null;`], ['together']],
  [
    'a column with a constant default',
    [`alter table "orders" add "extra" varchar(255) not null default 'x';`],
    ['together'],
  ],
  [
    'a column with a stable default',
    [`alter table "orders" add "extra" timestamptz not null default now();`],
    ['together'],
  ],
  ['an emptied table that is new', [`create table made (id int)`, `truncate made`], ['together']],
  ['two columns', [`alter table "orders" add "a" int null, add "b" int null;`], ['together']],
  ['an index', [`create index "orders_note_index" on "orders" ("note");`], ['build-index']],
  ['an index without a name', [`create index on orders (note, lower(note))`], ['build-index']],
  [
    'a partial index of expressions',
    [
      `create unique index odd on orders using btree ((total + 1) desc nulls last, "Odd ""Name") include (note) with (fillfactor = 70) where total > 0`,
    ],
    ['build-index'],
  ],
  ['an index, built concurrently already', [`create index concurrently i on orders (note)`], ['build-index']],
  ['a dropped index', [`drop index "orders_total_index";`], ['drop-index']],
  [
    'a unique constraint',
    [`alter table "orders" add constraint "orders_total_unique" unique ("total");`],
    ['find', 'build-index', 'locked'],
  ],
  [
    'a deferrable unique constraint without a name',
    [`alter table orders add unique (total, id) deferrable initially deferred`],
    ['find', 'build-index', 'locked'],
  ],
  [
    'a unique constraint with an odd name and an included column',
    [`alter table orders add constraint "Orders ""Total""" unique (total, id) include ("Odd ""Name")`],
    ['find', 'build-index', 'locked'],
  ],
  [
    'a table in another schema',
    [
      `-- online: accepted no process reads it\nalter table orders set schema archive`,
      `create index on archive.orders (note)`,
      `alter table archive.orders add unique (total)`,
    ],
    ['locked', 'build-index', 'find', 'build-index', 'locked'],
  ],
  [
    'a trigger that stays off',
    [
      `create function nothing() returns trigger language plpgsql as 'begin return new; end'`,
      `create trigger quiet before insert on orders for each row execute function nothing()`,
      `alter table orders disable trigger quiet`,
    ],
    ['together'],
  ],
  ['a renamed type', [`create type st as enum ('a')`, `alter type st rename to status`], ['together']],
  [
    'a foreign key',
    [
      `alter table "orders" add constraint "orders_customer_id_foreign" foreign key ("customer_id") references "customers" ("id") on delete set null;`,
    ],
    ['find', 'locked', 'validate'],
  ],
  [
    'a foreign key without names',
    [`alter table orders add foreign key (customer_id) references customers`],
    ['find', 'locked', 'validate'],
  ],
  [
    'a new column with a foreign key',
    [
      `alter table "orders" add "owner_id" int null;`,
      `alter table "orders" add constraint "orders_owner_id_foreign" foreign key ("owner_id") references "customers" ("id") on delete set null;`,
    ],
    ['together', 'locked', 'validate'],
  ],
  [
    'not null',
    [`alter table "orders" alter column "note" set not null;`],
    ['find', 'locked', 'validate', 'locked', 'locked'],
  ],
  [
    'not null of two columns',
    [`alter table orders alter note set not null, alter label set not null`],
    ['find', 'locked', 'validate', 'locked', 'locked', 'find', 'locked', 'validate', 'locked', 'locked'],
  ],
  ['nullable', [`alter table "orders" alter column "total" drop not null;`], ['together']],
  [
    'a check',
    [`alter table "orders" add constraint "orders_total_pos" check (total >= 0);`],
    ['find', 'locked', 'validate'],
  ],
  [
    'a check in place of another',
    [
      `alter table "orders" drop constraint "orders_state_check";`,
      `alter table "orders" add constraint "orders_state_check" check ("state" in ('new', 'paid', 'sent'));`,
    ],
    ['find', 'locked', 'validate'],
  ],
  [
    'both in one statement',
    [
      `alter table orders drop constraint orders_state_check, add constraint orders_state_check check (state <> '')`,
    ],
    ['find', 'locked', 'validate'],
  ],
  [
    'a longer varchar',
    [`alter table "orders" alter column "label" type varchar(100) using ("label"::varchar(100));`],
    ['locked'],
  ],
  [
    'varchar to text',
    [`alter table "orders" alter column "label" type text using ("label"::text);`],
    ['locked'],
  ],
  ['a default', [`alter table "orders" alter column "note" set default 'b';`], ['together']],
  ['a dropped column', [`alter table "orders" drop column "note";`], ['together']],
  ['a renamed column', [`alter table "orders" rename column "note" to "remark";`], ['together']],
  ['a comment', [`comment on column "orders"."note" is 'hello';`], ['together']],
  [
    'a new table that refers to it',
    [
      `create table "items" ("id" serial primary key, "order_id" int not null);`,
      `alter table "items" add constraint "items_order_id_foreign" foreign key ("order_id") references "orders" ("id");`,
      `create index on items (order_id)`,
    ],
    ['together'],
  ],
  ['a native enum', [`create type st as enum ('a', 'b')`, `alter table orders add st st null`], ['together']],
  [
    'a primary key in place of another',
    [
      `alter table customers drop constraint customers_pkey`,
      `alter table customers add constraint customers_pkey primary key (id, name)`,
    ],
    ['find', 'build-index', 'locked'],
  ],
  [
    'a key and the foreign key that uses it, in place of others',
    [
      `alter table orders add constraint fk foreign key (customer_id) references customers`,
      `alter table orders drop constraint fk`,
      `alter table customers drop constraint customers_pkey`,
      `alter table customers add constraint customers_pkey primary key (id)`,
      `alter table orders add constraint fk foreign key (customer_id) references customers`,
    ],
    'find locked validate together find build-index locked find locked validate'.split(' '),
  ],
  [
    'a unique constraint in place of another, with an index that is built before',
    [
      `alter table customers add constraint once unique (id, name)`,
      `create unique index concurrently twice on customers (name)`,
      `alter table customers drop constraint once`,
      `alter table customers add constraint once unique using index twice`,
    ],
    ['find', 'build-index', 'locked', 'build-index', 'together', 'locked'],
  ],
  [
    'new columns with a check, a unique constraint and a foreign key',
    [
      `alter table orders add size int not null default 1 check (size > 0), add code text null constraint one unique check (code <> '')`,
      `alter table orders add constraint of_size foreign key (size) references customers`,
    ],
    'together find locked validate find build-index locked find locked validate find locked validate'.split(
      ' ',
    ),
  ],
  [
    'an index, a check and keys that only have other names, and a column that is renamed',
    [
      `drop index orders_total_index`,
      `alter table orders drop constraint orders_state_check`,
      `alter table orders rename column total to sum`,
      `alter table orders rename column state to status`,
      `create index orders_sum_index on orders (sum)`,
      `alter table orders add constraint orders_status_check check (status in ('new', 'paid'))`,
      `alter table typed drop constraint typed_kind_fkey`,
      `alter table typed add constraint other foreign key (kind) references kinds (id)`,
      `alter table customers drop constraint customers_pkey`,
      `alter table customers add constraint "Odd Key" primary key (id)`,
      `alter table kinds drop constraint kinds_once`,
      `alter table kinds add constraint kinds_twice unique (id)`,
    ],
    ['together'],
  ],
  [
    'a check in place of another, whose condition has another name',
    [
      `alter table orders drop constraint orders_state_check`,
      `alter table orders add constraint orders_state_check check (total > 0)`,
      `alter table orders add constraint orders_state_values check (state in ('new', 'paid'))`,
    ],
    ['find', 'locked', 'validate', 'find', 'locked', 'validate'],
  ],
  [
    'an index and a check that also have other definitions',
    [
      `drop index orders_total_index`,
      `alter table orders drop constraint orders_state_check`,
      `alter table orders rename column total to sum`,
      `create index orders_sum_index on orders (sum desc)`,
      `alter table orders add constraint orders_status_check check (state in ('new', 'sent'))`,
      `alter table typed drop constraint typed_kind_fkey`,
      `alter table typed add constraint other foreign key (kind) references kinds (id) on delete cascade`,
      `alter table kinds drop constraint kinds_once`,
      `alter table kinds add constraint kinds_twice unique (id) deferrable`,
    ],
    'drop-index together build-index find locked validate locked find locked validate together find build-index locked'.split(
      ' ',
    ),
  ],
  [
    'constraints and indexes with names that are too long',
    [
      `alter table orders add constraint ${long('u')} unique (total)`,
      `alter table orders add constraint ${long('c')} check (total > 0)`,
      `alter table orders add constraint ${long('f')} foreign key (customer_id) references customers`,
      `create index ${long('i')} on orders (note)`,
      `drop index ${long('i')}`,
      `create index ${long('i')} on orders (note, total)`,
      `alter table orders drop constraint ${long('u')}`,
      `alter table orders add constraint ${long('u')} unique (total, id)`,
      `alter table orders alter note set not null`,
    ],
    'find build-index locked find locked validate find locked validate build-index build-index drop-index locked find build-index locked find locked validate locked locked'.split(
      ' ',
    ),
  ],
  [
    'a foreign key of columns with long names, without a name',
    [
      `alter table typed add a_column_with_a_name_that_is_as_long_as_a_name_of_postgresql_can_b int null, add "Ä column with ä name of many umläuts" int null`,
      `alter table typed add foreign key (a_column_with_a_name_that_is_as_long_as_a_name_of_postgresql_can_b) references kinds`,
      `alter table typed add foreign key ("Ä column with ä name of many umläuts") references kinds`,
    ],
    ['together', 'locked', 'validate', 'locked', 'validate'],
  ],
  [
    'a table that is dropped with `cascade`, and has no dependents',
    [`drop table if exists typed cascade`, `drop table if exists missing cascade`],
    ['locked', 'locked', 'together'],
  ],
  [
    'objects that are dropped with `cascade`, after their dependents',
    [
      `alter table typed drop constraint typed_kind_fkey, drop column state`,
      `drop table kinds cascade`,
      `drop type state cascade`,
    ],
    ['locked', 'together'],
  ],
  [
    'a serial column that becomes an identity',
    [
      `alter table orders alter column id drop default`,
      `drop sequence orders_id_seq`,
      `alter table orders alter column id add generated by default as identity (start with ${ROWS + 1})`,
    ],
    ['locked'],
  ],
  [
    'an index in place of another',
    [
      `drop index "orders_total_index"`,
      `alter table "orders" add "extra" int null`,
      `create index "orders_total_index" on "orders" ("total", "note")`,
    ],
    ['together', 'build-index', 'drop-index', 'locked'],
  ],
  [
    'a check in place of another, that needs a new column',
    [
      `alter table orders drop constraint orders_state_check`,
      `alter table orders add extra int null`,
      `alter table orders add constraint orders_state_check check (state <> '' and extra is null)`,
    ],
    ['together', 'find', 'locked', 'validate'],
  ],
  [
    'a unique constraint in place of another',
    [
      `alter table customers add constraint once unique (id, name)`,
      `alter table customers drop constraint once`,
      `alter table customers add constraint once unique (name)`,
    ],
    ['find', 'build-index', 'locked', 'find', 'build-index', 'locked'],
  ],
  [
    'a foreign key in place of another',
    [
      `alter table orders add constraint fk foreign key (customer_id) references customers`,
      `alter table orders drop constraint fk`,
      `alter table orders add constraint fk foreign key (customer_id) references customers on delete cascade`,
    ],
    ['find', 'locked', 'validate', 'find', 'locked', 'validate'],
  ],
];

/** Statements without a safe form. */
const REFUSED: readonly (readonly [name: string, statement: string, message: RegExp])[] = [
  [
    'a required column without a default',
    `alter table "orders" add "extra" varchar(255) not null;`,
    /the rows that are there have no value for it\. Instead: add extra without `not null`/,
  ],
  [
    'a volatile default',
    `alter table "orders" add "extra" uuid not null default gen_random_uuid();`,
    /its default differs from row to row/,
  ],
  ['a serial column', `alter table "orders" add "seq" serial;`, /it gives every row a number/],
  [
    'a column with another name and another type',
    `alter table orders drop column note; alter table orders add remark varchar(50) null`,
    /an earlier statement drops note of the same table, and its values are lost\. Instead: if remark is note under another name/,
  ],
  [
    'a column that is dropped and added again',
    `alter table orders drop column note, add column note varchar(50) null`,
    /an earlier statement drops note .* `npx online-migration new --table public.orders --column note --to <type>`/,
  ],
  [
    'a filled column with a foreign key',
    `alter table orders add owner_id int not null default 1 references customers`,
    /its constraint reads the whole table/,
  ],
  [
    'a stored generated column',
    `alter table "orders" add "g" int generated always as (total * 2) stored null;`,
    /it computes the column for every row/,
  ],
  [
    'a type that is stored otherwise',
    `alter table "orders" alter column "total" type bigint using ("total"::bigint);`,
    /`npx online-migration new --table public\.orders --column "total" --to 'bigint'`/,
  ],
  [
    'a type of a column with a check',
    `alter table orders alter state type varchar(100)`,
    /rewrites or reads the whole table/,
  ],
  [
    'a table that is dropped with its dependents',
    `drop table if exists "customers" cascade;`,
    /`cascade` also drops the dependents of the table.*: rule _RETURN on view names\. /,
  ],
  [
    'a type that is dropped with its columns',
    `drop type state cascade;`,
    /`cascade` also drops the dependents of the type.*: column state of table typed\. /,
  ],
  [
    'a table that is made again under another name',
    `create table "sales" (like typed); create table "purchases" ("id" int, "state" state, "kind" int, "more" int); drop table if exists "typed" cascade;`,
    /all rows of public\.typed are lost: "purchases".*`alter table public\.typed rename to <name>`/,
  ],
  [
    'a column that is made again',
    `alter table typed drop column id; alter table typed add id int generated always as identity not null primary key`,
    /its values are lost, and all rows get new numbers\. Instead: .*`alter table public\.typed alter column "id" add generated by default as identity/,
  ],
  [
    'a table that MikroORM exchanges for a partitioned one',
    `create schema "mikro_orm_partition_swap"; alter table typed set schema "mikro_orm_partition_swap"`,
    /copy all rows while nobody can use the table/,
  ],
  ['a table of another schema', `alter table typed set schema pg_catalog`, /no longer find the table/],
  [
    'an exclusion constraint',
    `alter table "orders" add constraint "ex" exclude using gist (box(point(id,id), point(id,id)) with &&);`,
    /no other way to make an exclusion constraint/,
  ],
  [
    'a trigger that is off for a while',
    `alter table orders disable trigger quiet; update orders set total = 1 where id = 1; alter table orders enable trigger quiet`,
    /the trigger quiet would be off for everybody in between/,
  ],
  [
    'a column that is dropped with its dependents',
    `alter table orders drop total cascade`,
    /dependents of the column/,
  ],
  [
    'a key that is dropped with its dependents',
    `alter table customers drop constraint customers_pkey cascade`,
    /dependents of the constraint/,
  ],
  ['vacuum full', `vacuum full orders`, /pg_repack/],
  [
    'truncate of a table with rows',
    `truncate customers, orders`,
    /all rows of public\.customers and public\.orders are lost.*in batches.*`-- online: accepted <reason>`/,
  ],
  ['truncate cascade', `truncate customers cascade`, /name each table/],
  [
    'a table that exists already',
    `create table if not exists orders (id int); alter table orders add column x serial`,
    /it gives every row a number/,
  ],
  [
    'a session without triggers',
    `set session_replication_role = 'replica';`,
    /no trigger and no foreign key/,
  ],
  ['a transaction of its own', `begin; select 1; commit`, /the migrator opens and ends the transactions/],
];

const run = (statements: readonly string[]) => carriedOut(database.url, statements);

/** The catalog after the statements as they are written. */
async function catalogAsWritten(statements: readonly string[]) {
  const { client } = database;
  await client.rows('begin');
  try {
    for (const statement of statements) await client.rows(statement.replace(' concurrently', ''));
    await client.rows(`create table ledger ()`);
    return await readSchema(client);
  } finally {
    await client.rows('rollback');
  }
}

describe('an ordinary migration', () => {
  it.each(SAFE)('of %s leads to the same catalog by safe steps', async (_, statements, kinds) => {
    const expected = await catalogAsWritten(statements);
    expect(await run(statements)).toEqual(kinds);
    expect(await readSchema(database.client)).toEqual(expected);
  });

  it.each(REFUSED)('of %s is refused, and nothing of it runs', async (_, statement, message) => {
    const before = await readSchema(database.client);
    await expect(run([`create table made ()`, statement])).rejects.toMatchObject({
      code: 'MIGRATION_UNSAFE',
      message: expect.stringMatching(message),
    });
    expect(await readSchema(database.client)).toEqual(before);
  });

  it.each(SAFE)('of %s reads and rewrites no table under an exclusive lock', async (_, statements) => {
    await using session = await Session.open({ connectionString: database.url }, 'migration');
    const { steps } = await planMigration(session, statements);
    for (const step of steps) {
      if (step.kind !== 'together' && step.kind !== 'locked') {
        for (const statement of step.statements) await session.query(statement);
        continue;
      }
      const files = `select relname, relfilenode from pg_class where relname in ('orders', 'customers') order by 1`;
      // The session's counters still contain transactions before this one.
      const counters = `
        select sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::integer as rows
        from pg_stat_xact_user_tables where relname in ('orders', 'customers')`;
      const { rows: before } = await session.query(files);
      await session.query('begin');
      const { rows: readBefore } = await session.query<{ rows: number }>(counters);
      for (const statement of step.statements) await session.query(statement);
      const { rows: read } = await session.query<{ rows: number }>(counters);
      const { rows: after } = await session.query(files);
      await session.query('commit');
      expect(after).toEqual(before);
      // Those of an index that was dropped are gone.
      expect(read[0]!.rows).toBeLessThanOrEqual(readBefore[0]!.rows);
    }
  });
});
