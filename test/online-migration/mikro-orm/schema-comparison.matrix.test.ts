import { mkdtempDisposable, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { defineEntity, type EntitySchema, p } from '@mikro-orm/core';
import { integerToBigint } from '../../../src/online-migration/conversions/numbers/integer-to-bigint.ts';
import { textToEnum } from '../../../src/online-migration/conversions/texts/text-to-enum.ts';
import { OnlineSchemaGenerator } from '../../../src/online-migration/mikro-orm/comparison/online-schema-generator.ts';
import { backfill } from '../../../src/online-migration/phases/backfill.ts';
import { revertBackfill } from '../../../src/online-migration/phases/revert-backfill.ts';
import { contract } from '../../../src/online-migration/phases/contract.ts';
import { enforce, revertEnforce } from '../../../src/online-migration/phases/enforce.ts';
import { expand, revertExpand } from '../../../src/online-migration/phases/expand.ts';
import { rename } from '../../../src/online-migration/phases/rename.ts';
import { revertContract } from '../../../src/online-migration/phases/revert-contract.ts';
import type { PhaseFunction } from '../../support/change-cycle.ts';
import { changeOf } from '../../support/change-of.ts';
import {
  BACK_TO_ENFORCED,
  runPhases,
  createOrders,
  customerChange,
  customers,
  discountChange,
  enforceHalfWay,
  type Form,
  mappings,
  openOrm,
  ordersMapping,
  revertContractHalfWay,
  TO_CONTRACTED,
  TURNED_BACK,
} from '../../support/changing-orders.ts';
import { connect } from '../../support/database-client.ts';
import { createTestDatabase } from '../../support/test-server.ts';

/** SQL that MikroORM would write into a migration, up and down, and SQL that `schema:update` would run if it differs. */
async function differences(url: string, entities: EntitySchema[]): Promise<string> {
  await using orm = await openOrm(url, entities);
  const { up, down } = await orm.schema.getUpdateSchemaMigrationSQL({ wrap: false });
  const now = await orm.schema.getUpdateSchemaSQL({ wrap: false });
  expect(now).toBe(up);
  expect(await orm.migrator.checkSchema()).toBe(up.trim() !== '');
  return `${up.trim()}\n${down.trim()}`.trim();
}

/** The same for each mapping. */
async function allDifferences(url: string): Promise<Record<string, string>> {
  const result: Record<string, string> = {};
  for (const [form, entities] of Object.entries(mappings)) result[form] = await differences(url, entities);
  return result;
}

const NONE = { old: '', new: '', renamed: '', all: '' };

it.each<[string, PhaseFunction[]]>([
  ['expanded', [expand]],
  ['backfilled', [expand, backfill]],
  ['half-way to enforced', [expand, backfill, enforceHalfWay]],
  ['enforced', [expand, backfill, enforce]],
  ['contracted', TO_CONTRACTED],
  ['contracted, on the way back', TURNED_BACK],
  ['enforced, on the way back', BACK_TO_ENFORCED],
  ['backfilled, on the way back', [...BACK_TO_ENFORCED, revertEnforce]],
  ['expanded, on the way back', [...BACK_TO_ENFORCED, revertEnforce, revertBackfill]],
])('sees no difference between any mapping and a table that is %s', async (_stage, phases) => {
  await using database = await createOrders();
  await runPhases(database.url, [customerChange, discountChange], phases);
  expect(await allDifferences(database.url)).toEqual(NONE);
});

it.each([customerChange, discountChange])(
  'sees none half-way back from contracted to enforced: $oldColumn.name',
  async (change) => {
    await using database = await createOrders();
    await runPhases(database.url, [customerChange, discountChange], TO_CONTRACTED);
    await runPhases(database.url, [change], [revertContractHalfWay]);
    expect(await allDifferences(database.url)).toEqual(NONE);
  },
);

it.each<[string, PhaseFunction[], Form]>([
  ['before', [], 'old'],
  ['after', [...TO_CONTRACTED, rename], 'renamed'],
  ['after the way back of', [...BACK_TO_ENFORCED, revertEnforce, revertBackfill, revertExpand], 'old'],
])('%s the change only the mapping that fits makes no difference', async (_when, phases, fitting) => {
  await using database = await createOrders();
  await runPhases(database.url, [customerChange, discountChange], phases);
  const found = await allDifferences(database.url);
  expect(found[fitting]).toBe('');
  // Mappings that differ in a column leave it out.
  expect(found['all']).toBe('');
  expect(Object.values(found).filter((sql) => sql === '')).toHaveLength(2);
});

it.each<[Form, string]>([
  ['old', 'customer_id'],
  ['new', 'customer_id_new'],
  ['renamed', 'customer_id'],
])(
  'still sees every other difference, of the same entity and of others, with the %s mapping',
  async (form, column) => {
    await using database = await createOrders();
    await runPhases(database.url, [customerChange, discountChange], [expand, backfill, enforce]);
    const tags: EntitySchema = defineEntity({
      name: 'Tag',
      tableName: 'tags',
      properties: { id: p.integer().primary(), customer: () => p.manyToOne(customers) },
    });
    expect(await differences(database.url, [customers, tags, ordersMapping(form, { note: true })])).toBe(
      [
        `create table "tags" ("id" serial primary key, "customer_id" bigint not null);`,
        ``,
        `alter table "orders" add "note" text null;`,
        `create index "orders_customer_note_index" on "orders" ("${column}", "note");`,
        ``,
        `alter table "tags" add constraint "tags_customer_id_foreign" foreign key ("customer_id") references "customers" ("id");`,
        `drop table if exists "tags" cascade;`,
        ``,
        `drop index "orders_customer_note_index";`,
        `alter table "orders" drop column "note";`,
      ].join('\n'),
    );
  },
);

/** A table with its key in the given column, and one that refers to it. */
function keyMapping(key: string, type: string): EntitySchema[] {
  const items: EntitySchema = defineEntity({
    name: `Item_${key}`,
    tableName: 'items',
    properties: { id: p.integer().columnType(type).fieldName(key).primary(), name: p.text() },
  });
  const parts: EntitySchema = defineEntity({
    name: 'Part',
    tableName: 'parts',
    properties: {
      id: p.integer().primary(),
      item: () => p.manyToOne(items).joinColumn('item_id').columnType('int'),
    },
  });
  return [items, parts];
}

it('sees none where the change is of a primary key that another table refers to', async () => {
  const change = changeOf('items.id', { from: 'integer', to: 'bigint', conversion: integerToBigint });
  const forms = [keyMapping('id', 'int'), keyMapping('id_new', 'bigint'), keyMapping('id', 'bigint')];
  await using database = await createTestDatabase();
  await using orm = await openOrm(database.url, forms[0]!);
  await orm.schema.create();
  for (const phases of [[expand, backfill, enforce], [contract], [revertContract]]) {
    await runPhases(database.url, [change], phases);
    for (const form of forms) expect(await differences(database.url, form)).toBe('');
  }
});

it('does not drop the enum of an interim column that the mapping does not know', async () => {
  await using database = await createTestDatabase();
  await using client = await connect(database.url);
  await client.rows(`create type mood as enum ('fine', 'bad')`);
  await client.rows(`create table days (id serial primary key, mood text not null)`);
  const days = defineEntity({
    name: 'Day',
    tableName: 'days',
    properties: { id: p.integer().primary(), mood: p.text() },
  });
  const change = changeOf('days.mood', {
    from: 'text',
    to: 'public.mood',
    conversion: textToEnum('public.mood', ['fine', 'bad']),
  });
  await runPhases(database.url, [change], [expand]);
  expect(await differences(database.url, [days])).toBe('');
});

it('writes a migration with the other differences alone, and says what it leaves out', async () => {
  await using database = await createOrders();
  await runPhases(database.url, [customerChange, discountChange], [expand]);
  await using folder = await mkdtempDisposable(join(tmpdir(), 'migrations-'));
  const lines: string[] = [];
  await using orm = await openOrm(
    database.url,
    [customers, ordersMapping('old', { note: true })],
    { path: folder.path },
    (line) => lines.push(line),
  );
  const { diff } = await orm.migrator.create();
  expect(diff.up).toEqual([
    `alter table "orders" add "note" text null;`,
    `create index "orders_customer_note_index" on "orders" ("customer_id", "note");`,
  ]);
  expect(await readdir(folder.path)).toHaveLength(1);
  expect(lines.join('\n')).toContain(
    'the comparison leaves out public.orders (customer_id, customer_id_new, discount, discount_new): ' +
      'a column change is under way',
  );
});

it('leaves it out for a schema generator of the project that extends the one of the package', async () => {
  class OwnGenerator extends OnlineSchemaGenerator {}
  await using database = await createOrders();
  await runPhases(database.url, [customerChange, discountChange], [expand]);
  await using orm = await openOrm(database.url, mappings.old, {}, undefined, [OwnGenerator]);
  expect(orm.schema).toBeInstanceOf(OwnGenerator);
  expect(await orm.migrator.checkSchema()).toBe(false);
});
