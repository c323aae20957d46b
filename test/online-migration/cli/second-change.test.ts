import { FIRST_MIGRATIONS } from '../../support/new-migrations.ts';
import { expect, it } from '@jest/globals';
import { changedColumnsOf } from '../../../src/online-migration/change/changed-column.ts';
import type { ColumnChange } from '../../../src/online-migration/change/column-change.ts';
import { nameOf } from '../../../src/online-migration/change/names.ts';
import type { NewChange } from '../../../src/online-migration/new-change/new-change.ts';
import { planChange } from '../../../src/online-migration/new-change/plan-change.ts';
import { phasesOf } from '../../../src/online-migration/phases/phases.ts';
import { databasePerTest } from '../../support/tested-database.ts';

const database = databasePerTest(
  `create table orders (id bigint primary key, amount smallint, total integer not null)`,
);
const { client } = database;

const ANY: ColumnChange = {
  table: { schema: 'public', name: 'orders' },
  key: 'id',
  columns: [{ from: { name: 'id', type: 'integer' }, to: { name: 'x', type: 'integer' } }],
};

async function planned(
  wanted: { readonly to: string; readonly columns?: readonly string[] } | { readonly rename: string },
  earlier: { readonly listed?: readonly ColumnChange[]; readonly migrations?: readonly string[] } = {},
): Promise<NewChange> {
  const { session } = await database.open(ANY);
  return planChange(
    session,
    {
      table: 'orders',
      columns: ['total'],
      from: undefined,
      to: '',
      newColumn: undefined,
      zone: undefined,
      rename: undefined,
      renameInContract: false,
      ...wanted,
    },
    FIRST_MIGRATIONS,
    (earlier.listed ?? []).flatMap((change) => changedColumnsOf(change)),
    earlier.migrations,
  );
}

const run = (declared: ColumnChange, direction: 'up' | 'down') => {
  const phases = phasesOf(declared).map((phase) => phase[direction]);
  return database.runPhases(declared, direction === 'up' ? phases : phases.toReversed());
};

it('a second change of a column is told apart from one that was taken out of the list, and both go back', async () => {
  const first = await planned({ to: 'bigint' });
  await run(first.change, 'up');
  const second = await planned({ to: 'numeric' });
  expect([first, second].map(({ change }) => nameOf(change))).toEqual([
    'public.orders.total',
    'public.orders.total 2',
  ]);
  expect(second.words).toMatchObject({
    file: 'total-2',
    migration: 'orders_total_2',
    declaration: 'ordersTotal2Change',
  });
  expect(second.columns[0].change.newColumn.name).toBe('total_new_2');
  await run(second.change, 'up');
  const rename = await planned({ rename: 'sum' });
  expect(nameOf(rename.change)).toBe('public.orders.total 3');
  expect(rename.words).toMatchObject({ file: 'total-3', migration: 'orders_total_3' });
  await run(rename.change, 'up');
  expect(await client.rows(`select name from online_migration.change order by 1`)).toEqual([
    { name: 'public.orders.total' },
    { name: 'public.orders.total 2' },
    { name: 'public.orders.total 3' },
  ]);
  for (const { change } of [rename, second, first]) await run(change, 'down');
  expect(
    await client.value(`
      select string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' order by attnum)
      from pg_attribute where attrelid = 'orders'::regclass and attnum > 0 and not attisdropped`),
  ).toBe('id bigint, amount smallint, total integer');
});

it('a rename of a column is told apart from a change that is in the list', async () => {
  const first = await planned({ to: 'bigint' });
  await run(first.change, 'up');
  const rename = await planned({ rename: 'sum' }, { listed: [first.change] });
  expect(nameOf(rename.change)).toBe('public.orders.total 2');
});

it('a change is told apart from one that only has its migrations left', async () => {
  const { words, change } = await planned(
    { to: 'bigint' },
    { migrations: ['create_orders', 'expand_orders_total', 'rename_orders_total_2'] },
  );
  expect(nameOf(change)).toBe('public.orders.total 3');
  expect(words.migration).toBe('orders_total_3');
});

it('a change of several columns is told apart from the changes of each, and of the same columns', async () => {
  const alone = await planned({ to: 'bigint' });
  await run(alone.change, 'up');
  const columns = ['total', 'amount'];
  const first = await planned({ to: 'numeric', columns }, { listed: [alone.change] });
  expect(nameOf(first.change)).toBe('public.orders.total,amount');
  expect(first.words).toMatchObject({
    file: 'total-and-amount',
    migration: 'orders_total_and_amount',
    declaration: 'ordersTotalAndAmountChange',
  });
  // The first name belongs to the earlier change of the column.
  expect(first.columns.map(({ change }) => change.newColumn.name)).toEqual(['total_new_2', 'amount_new']);
  await expect(
    planned({ to: 'text', columns: ['amount'] }, { listed: [first.change] }),
  ).rejects.toMatchObject({
    code: 'CHANGE_NOT_FINISHED',
    message: expect.stringContaining(
      'src/column-changes.ts has a change of public.orders.amount already, to numeric, which is not finished.',
    ),
  });
  await run(first.change, 'up');
  const second = await planned({ to: 'text', columns }, { listed: [alone.change, first.change] });
  expect(nameOf(second.change)).toBe('public.orders.total,amount 2');
  expect(second.words.file).toBe('total-and-amount-2');
  const other = await planned({ to: 'text', columns: ['amount'] }, { listed: [first.change] });
  expect(nameOf(other.change)).toBe('public.orders.amount');
  expect(other.columns[0].change.newColumn.name).toBe('amount_new_2');
});

it('many columns get a name that is not too long', async () => {
  const columns = ['a', 'b', 'c'].map((letter) => `${letter}_column_with_a_long_name`);
  await client.rows(`alter table orders ${columns.map((name) => `add ${name} integer`).join(', ')}`);
  const { words, change } = await planned({ to: 'numeric', columns });
  expect(words).toMatchObject({
    file: 'a-column-with-a-long-name-and-2-more',
    declaration: 'ordersAColumnWithALongNameAnd2MoreChange',
  });
  expect(nameOf(change)).toBe(`public.orders.${columns.join(',')}`);
});
