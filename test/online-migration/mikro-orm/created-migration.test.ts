import { mkdtempDisposable, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineEntity, p } from '@mikro-orm/postgresql';
import { expect, it } from '@jest/globals';
import type { OnlineMigrator } from '../../../src/online-migration/mikro-orm/index.ts';
import { databasePerFile } from '../../support/tested-database.ts';
import { openOrdinaryProject } from '../../support/ordinary-project.ts';

const database = databasePerFile(
  `create table customers (id serial primary key)`,
  `create table orders (id serial primary key, total int not null, note text null, customer_id int null)`,
  `insert into orders (total) select n from generate_series(1, 100) n`,
);

const Customer = defineEntity({
  name: 'Customer',
  tableName: 'customers',
  properties: { id: p.integer().primary() },
});
const Item = defineEntity({
  name: 'Item',
  tableName: 'items',
  properties: { id: p.integer().primary(), order: () => p.manyToOne(Order) },
});
const Order = defineEntity({
  name: 'Order',
  tableName: 'orders',
  properties: {
    id: p.integer().primary(),
    total: p.bigint(),
    note: p.text().nullable().index(),
    label: p.string().nullable(),
    customer: () => p.manyToOne(Customer).nullable(),
  },
});

async function createMigration(
  ordinary: 'safe' | 'off',
  entities: readonly unknown[] = [Customer, Item, Order],
): Promise<{ text: string; log: readonly string[] }> {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'created-'));
  await using project = await openOrdinaryProject(
    database,
    {},
    { entities, ordinary, migrations: { path: folder.path, emit: 'js' } },
  );
  const migrator = project.orm.migrator as OnlineMigrator;
  migrator.answerBy('as written');
  const { fileName } = await migrator.create();
  return { text: await readFile(join(folder.path, fileName), 'utf8'), log: project.log };
}

it('a new migration says above each statement how it will run', async () => {
  const { text, log } = await createMigration('safe');
  const lines = text.split('\n').map((line) => line.trim());
  const up = lines.slice(
    lines.findIndex((line) => line.includes('up(')) + 1,
    lines.findIndex((line) => line.includes('down(')),
  );
  expect(up.filter((line) => line !== '' && line !== '}')).toEqual([
    'this.addSql(`create table "items" ("id" serial primary key, "order_id" int not null);`);',
    '// Runs as it is, under ACCESS EXCLUSIVE for a change of the catalog.',
    'this.addSql(`alter table "orders" add "label" varchar(255) null;`);',
    '// Refused by migration:up: it rewrites or reads the whole table while nobody can use it.',
    '// Instead: `npx online-migration new --table public.orders --column "total" --to \'bigint\'` writes a column',
    '// change that does it beside the traffic.',
    'this.addSql(`alter table "orders" alter column "total" type bigint using ("total"::bigint);`);',
    '// Runs as 3 steps; none reads the table under SHARE or a stronger lock.',
    'this.addSql(`alter table "orders" add constraint "orders_customer_id_foreign" foreign key ("customer_id") references "customers" ("id") on delete set null;`);',
    '// Runs as: CREATE INDEX CONCURRENTLY orders_note_index ON orders (note)',
    'this.addSql(`create index "orders_note_index" on "orders" ("note");`);',
    '// Runs as it is, under ACCESS EXCLUSIVE for a change of the catalog.',
    'this.addSql(`alter table "items" add constraint "items_order_id_foreign" foreign key ("order_id") references "orders" ("id");`);',
  ]);
  expect(log).toContainEqual(
    expect.stringContaining('1 of 6 statements of the new migration would be refused by migration:up'),
  );
});

it('MikroORM writes it alone if the feature is off', async () => {
  expect((await createMigration('off')).text).not.toContain('//');
});

const order = (extra: object) =>
  defineEntity({
    name: 'Order',
    tableName: 'orders',
    properties: { id: p.integer().primary(), total: p.integer(), ...extra },
  });
const comments = async (entity: unknown) =>
  (await createMigration('safe', [Customer, entity])).text
    .split('\n')
    .flatMap((line) => /^ *\/\/ (The values.*|.*column in place.*)$/.exec(line)?.[1] ?? []);
const customer = () => p.manyToOne(Customer).nullable();

it('a new migration says which values are lost, and which get another name', async () => {
  const back = 'The values of note do not come back.';
  expect(await comments(order({ customer }))).toEqual(['The values of note are lost.', back]);
  expect(await comments(order({ customer, remark: p.text().nullable() }))).toEqual([
    'The values of note become those of remark. If these are two things, drop one column and add the other.',
  ]);
  expect(await comments(order({ customer, remark: p.string().nullable() }))).toEqual([
    'The values of note are lost. If it is remark now, rename the column in place of both statements.',
    back,
  ]);
});

it('a new migration warns of processes that still use a column', async () => {
  const { text } = await createMigration('safe', [Customer, order({ customer })]);
  expect(text.replaceAll(/\n *\/\/ /g, ' ')).toContain(
    'The values of note are lost. Runs as it is, under ACCESS EXCLUSIVE for a change of the catalog. Processes that still use note of ' +
      'public.orders fail: first deploy a version that does not, and name its newest migration above the statement: `-- online: after ' +
      '<migration>`, or `-- online: accepted <reason>`.',
  );
});
