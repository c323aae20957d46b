import { describe, expect, it } from '@jest/globals';
import { SqlCatalog } from '../../../src/online-migration/ordinary/catalog/sql-catalog.ts';
import {
  planMigration,
  planOn,
  type MigrationPlan,
  type PlannedStatement,
} from '../../../src/online-migration/ordinary/plan-migration.ts';
import { MadeHere } from '../../../src/online-migration/ordinary/planning/made-here.ts';
import { loadSqlParser } from '../../../src/online-migration/sql/sql-parser.ts';
import { readStatements } from '../../../src/online-migration/sql/statements.ts';
import { databasePerFile } from '../../support/tested-database.ts';

/** The statements of earlier migrations. */
const EARLIER = [
  `create table customers (id int primary key, name text not null)`,
  `create table orders (
    id serial primary key, total int not null, note text null, state text not null, customer_id int null,
    label varchar(50) null, price numeric(10,2), at timestamptz, "Odd ""Name" int not null,
    constraint orders_state_check check (state in ('new', 'paid'))
  )`,
  `create index orders_total_index on orders (total)`,
  `alter table orders add proven int`,
  `alter table orders add constraint p check (proven is not null) not valid`,
  `alter table orders add constraint q check (label is not null) not valid`,
  `create type mood as enum ('a')`,
  `create type color as enum ('red')`,
  `create table lines (id int primary key, order_id int references orders (id), customer_id int references customers, color color)`,
  `create domain positive as int check (value > 0)`,
  `create domain plain as int`,
  `create function one() returns int language sql immutable as 'select 1'`,
  `create function other() returns int language sql as 'select 1'`,
  `create table parts (id int not null, day date not null) partition by range (day)`,
  `create table part_a partition of parts for values from ('2024-01-01') to ('2025-01-01')`,
  `create table days (day date primary key) partition by range (day)`,
  `create table days_rest partition of days default`,
  `create table marks (day date constraint marks_day references days)`,
  `create table levels (level int not null) partition by list (level)`,
  `create table level_one partition of levels for values in (1)`,
  `create table level_rest (level int not null)`,
  `alter table levels attach partition level_rest default`,
  `create view shown as select id from orders`,
];

const database = databasePerFile(
  ...EARLIER,
  `insert into customers values (1, 'name')`,
  `insert into orders (total, note, state, customer_id, label, price, "Odd ""Name", proven) values (1, '', 'new', 1, '', 1, 1, 1)`,
  `alter table orders validate constraint p`,
  `insert into parts values (1, '2024-02-02')`,
  `insert into lines values (1, 1, 1, 'red')`,
  `insert into days values ('2024-01-01')`,
  `insert into levels values (1), (2)`,
  `analyze`,
);

/** Migrations on which both catalogs have the same facts. */
const MIGRATIONS: readonly (readonly string[])[] = [
  [`alter table "orders" add "extra" varchar(255) null`],
  [`alter table orders add extra int not null default 5`],
  [`alter table orders add extra timestamptz not null default now()`],
  [`alter table orders add extra uuid default gen_random_uuid()`],
  [`alter table orders add extra int default one()`],
  [`alter table orders add extra int default other()`],
  [`alter table orders add extra positive`],
  [`alter table orders add extra plain`],
  [`alter table orders add extra mood`],
  [`alter table orders add extra int not null`],
  [`alter table orders add column if not exists note int not null`],
  [`alter table orders add column if not exists extra int not null`],
  [`alter table orders add a int, add b serial`],
  [`create index orders_note_index on orders (note)`],
  [`create index concurrently orders_note_index on orders (note)`],
  [`create index on parts (day)`],
  [`create index if not exists parts_day_index on parts using brin (day)`],
  [`create index on only parts (day)`],
  [
    `create table part_b partition of parts for values from ('2025-01-01') to ('2026-01-01')`,
    `create index on parts (day)`,
  ],
  [`alter table parts add unique (id, day)`],
  [`alter table parts add constraint "Parts ""Key""" primary key (day, id)`],
  [`create index on customers (name); create index on customers (name)`],
  [`drop index orders_total_index`],
  [`drop index orders_total_index`, `create index orders_total_index on orders (total, note)`],
  [`alter table orders add constraint fk foreign key (customer_id) references customers (id)`],
  [`alter table orders add constraint fk foreign key (customer_id) references customers`],
  [`alter table orders add foreign key (customer_id) references customers`],
  [`alter table orders add constraint c check (total > 0)`],
  [`alter table orders add check (total > 0)`],
  [`alter table orders add check (total > 0) not valid`],
  [
    `alter table orders drop constraint orders_state_check`,
    `alter table orders add constraint orders_state_check check (state <> '')`,
  ],
  [`alter table orders add constraint u unique (total)`],
  [`alter table orders add unique (note, "Odd ""Name")`],
  [
    `alter table orders drop constraint orders_pkey`,
    `alter table orders add constraint orders_pkey primary key (id, total)`,
  ],
  [`alter table customers drop constraint customers_pkey, add primary key (id, name)`],
  [`alter table orders alter note set not null`],
  [`alter table orders alter total set not null`],
  [`alter table orders alter proven set not null`],
  [`alter table orders alter label set not null`],
  [`alter table orders alter note set not null, alter label type varchar(100)`],
  [`alter table orders alter label type varchar(100)`, `alter table orders alter price type numeric(12,2)`],
  [`alter table orders alter "note" type varchar using ("note"::varchar)`],
  [`alter table orders alter note type varchar(10)`],
  [`alter table orders alter price type numeric(12,3)`, `alter table orders alter price type numeric(9,2)`],
  [`alter table orders alter state type varchar`],
  [`alter table orders alter total type bigint`],
  [`alter table orders alter id type bigint`],
  [`alter table orders alter missing type bigint`],
  [`alter table orders rename label to l; alter table orders alter l type text`],
  [`alter table orders rename to purchases`, `create index on purchases (note)`],
  [`alter table orders rename to purchases`, `create table orders (id int)`, `create index on orders (id)`],
  [`create table made (id int)`, `create index on made (id)`, `alter table made add x serial`],
  [`create table if not exists orders (id int)`, `alter table orders add x serial`],
  [`alter table days detach partition days_rest`],
  [`alter table levels detach partition level_one`],
  [
    `alter table levels detach partition level_rest`,
    `create table level_two partition of levels for values in (3)`,
  ],
  [`create table if not exists level_one partition of levels for values in (1)`],
  [`create table days_default partition of days default`],
  [`create table part_b partition of parts for values from ('2025-01-01') to ('2026-01-01')`],
  [`drop table lines`],
  [`drop table orders`],
  [`alter table lines drop column customer_id`],
  [`alter table lines drop column color`],
  [`alter table lines drop constraint lines_order_id_fkey`, `drop table lines`],
  [`alter table lines drop constraint lines_pkey`],
  [`alter table lines drop column id cascade`],
  [
    `alter table orders alter id drop default`,
    `drop sequence orders_id_seq`,
    `alter table orders alter id add generated by default as identity`,
  ],
  [`alter table lines alter id add generated by default as identity`],
  [`alter table lines alter id add generated by default as identity (start with 10)`],
  [`alter table orders drop column id, add column id serial`],
  [`alter type color rename value 'red' to 'blue'`],
  [`alter type mood rename value 'a' to 'b'`],
  [`reindex table orders`],
  [`reindex index orders_total_index`, `reindex index concurrently orders_total_index`],
  [`reindex schema public`],
  [`alter table orders disable trigger t`, `alter table orders enable trigger t`],
  [`alter table orders set schema other`],
  [`drop function shown() cascade`],
  [`drop view shown`],
  [`alter table orders disable trigger all`],
  [`alter table orders set unlogged`],
  [`vacuum full orders`],
  [`comment on table orders is 'x'`],
  [`alter table orders add constraint e exclude using gist (box(point(id,id), point(id,id)) with &&)`],
  [`set lock_timeout = 100; alter table orders add a int`],
  [`alter type mood add value 'b'`, `alter table orders add extra mood default 'b'`],
  [`create temporary table t (id int)`, `create index on orders (note)`],
  [`truncate orders`],
  [`create table made (id int); truncate made`],
  [`notify orders`],
];

describe('SqlCatalog', () => {
  it.each(MIGRATIONS.map((migration) => [migration.join('; '), migration] as const))(
    'leads to the plan that the database leads to: %s',
    async (_, migration) => {
      const expected = await planMigration(database.client, migration);
      expect(comparable(await planOffline(migration))).toEqual(comparable(expected));
    },
  );

  it('assumes that a dropped table has dependents', async () => {
    const [planned] = (await planOffline([`drop table customers cascade`])).statements;
    expect(planned).toMatchObject({
      verdict: { kind: 'refused', instead: expect.stringContaining('drop the dependents one by one') },
      assumed: ['the dependents'],
    });
  });

  it('plans a partition beside a default partition without its condition', async () => {
    const create = `create table days_a partition of days for values from ('2025-01-01') to ('2026-01-01')`;
    const plans = [await planMigration(database.client, [create]), await planOffline([create])];
    expect(plans.map(({ steps }) => steps.map(({ kind }) => kind))).toEqual(
      Array(2).fill(['find', 'locked', 'validate', 'locked', 'locked']),
    );
    expect(plans[1]!.steps[1]!.statements[0]).toContain('check (not (<the condition of the partition>))');
  });

  it('plans the end of a partition without its check, and assumes that there is no default partition', async () => {
    const detach = `alter table parts detach partition part_a`;
    const [expected, planned] = [await planMigration(database.client, [detach]), await planOffline([detach])];
    expect(comparable(planned)).toEqual(
      comparable({ ...expected, statements: expected.statements.map(withFirstStep) }),
    );
    expect(planned.statements[0]!.assumed).toEqual(['whether "parts" has a default partition']);
  });

  it.each([
    [`drop table unknown`, 'together', ['whether foreign keys of "unknown" are dropped']],
    [`alter type unknown rename value 'a' to 'b'`, undefined, ['whether a table uses the type unknown']],
    [`reindex index unknown`, 'reindex', ['the table of the index "unknown"']],
    [
      `alter table unknown alter id drop default, alter id add generated always as identity`,
      'locked',
      ['the sequence of the column id'],
    ],
  ])('says that it does not know the objects of: %s', async (sql, kind, assumed) => {
    const { statements, steps } = await planOffline([sql]);
    expect(steps.at(-1)?.kind).toBe(kind);
    expect(statements.flatMap((planned) => planned.assumed)).toEqual(assumed);
  });

  it('assumes that it knows the partitions of a table, and that they have no foreign key', async () => {
    const foreignKey = `alter table parts add foreign key (id) references customers (id)`;
    const [planned] = (await planOffline([foreignKey])).statements;
    expect(planned).toMatchObject({
      rule: 'addPartitionedForeignKey',
      verdict: { kind: 'steps' },
      assumed: [
        'whether "parts" has partitions that no migration makes',
        'whether partitions have the foreign key already',
      ],
    });
    expect(planned!.verdict).toHaveProperty('steps.1.relations', ['"public"."part_a"', '"customers"']);
  });
});

function withFirstStep(planned: PlannedStatement): PlannedStatement {
  const { verdict } = planned;
  return verdict.kind === 'steps'
    ? { ...planned, verdict: { ...verdict, steps: verdict.steps.slice(0, 1) } }
    : planned;
}

async function planOffline(migration: readonly string[]): Promise<MigrationPlan> {
  const parser = await loadSqlParser();
  const read = (sql: readonly string[]) => sql.flatMap((text) => readStatements(parser, text));
  const catalog = new SqlCatalog();
  catalog.apply(read([...EARLIER, `alter table orders validate constraint p`]));
  return planOn({ catalog, parser, changes: [], made: new MadeHere() }, read(migration));
}

/** A plan without the schema and the quotes of names, which only the database knows. */
function comparable({ statements }: MigrationPlan): unknown {
  const plain = statements.map(({ statement, verdict, rule }) => ({
    statement: statement.text,
    rule,
    kind: verdict.kind,
    ...(verdict.kind === 'refused' && { reason: verdict.reason, instead: verdict.instead }),
    ...(verdict.kind === 'steps' && { reason: verdict.reason, steps: verdict.steps }),
  }));
  const json = JSON.stringify(plain).replaceAll(/\\"(\w+)\\"/g, '$1');
  return JSON.parse(json.replaceAll(/\bpublic\./g, ''));
}
