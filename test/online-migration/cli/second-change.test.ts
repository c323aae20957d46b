import { expect, it } from '@jest/globals';
import { changedColumnOf } from '../../../src/online-migration/change/changed-column.ts';
import type { ColumnChange } from '../../../src/online-migration/change/column-change.ts';
import { nameOf } from '../../../src/online-migration/change/names.ts';
import type { NewChange } from '../../../src/online-migration/cli/new/new-change.ts';
import { planChange } from '../../../src/online-migration/cli/new/plan-change.ts';
import { phasesOf } from '../../../src/online-migration/phases/phases.ts';
import { databasePerTest } from '../../support/tested-database.ts';

const database = databasePerTest(`create table orders (id bigint primary key, total integer not null)`);
const { client } = database;

const ANY: ColumnChange = {
  table: { schema: 'public', name: 'orders' },
  key: 'id',
  columns: [{ from: { name: 'id', type: 'integer' }, to: { name: 'x', type: 'integer' } }],
};

async function planned(
  wanted: { readonly to: string } | { readonly rename: string },
  earlier: { readonly listed?: readonly ColumnChange[]; readonly migrations?: readonly string[] } = {},
): Promise<NewChange & { declared: ColumnChange }> {
  const { session } = await database.open(ANY);
  const plan = await planChange(
    session,
    {
      table: 'orders',
      column: 'total',
      from: undefined,
      to: '',
      newColumn: undefined,
      zone: undefined,
      rename: undefined,
      renameInContract: false,
      ...wanted,
    },
    1,
    (earlier.listed ?? []).map(changedColumnOf),
    earlier.migrations,
  );
  const { oldColumn, newColumn, conversion, ...rest } = plan.change;
  const columns = [{ from: oldColumn, to: newColumn, ...(conversion && { conversion }) }];
  return { ...plan, declared: { ...rest, columns } };
}

const run = (declared: ColumnChange, direction: 'up' | 'down') => {
  const phases = phasesOf(changedColumnOf(declared)).map((phase) => phase[direction]);
  return database.runPhases(declared, direction === 'up' ? phases : phases.toReversed());
};

it('a second change of a column is told apart from one that was taken out of the list, and both go back', async () => {
  const first = await planned({ to: 'bigint' });
  await run(first.declared, 'up');
  const second = await planned({ to: 'numeric' });
  expect([first, second].map(({ declared }) => nameOf(declared))).toEqual([
    'public.orders.total',
    'public.orders.total 2',
  ]);
  expect(second.words).toMatchObject({
    file: 'total-2',
    migration: 'orders_total_2',
    declaration: 'ordersTotal2Change',
  });
  expect(second.change.newColumn.name).toBe('total_new_2');
  await run(second.declared, 'up');
  const rename = await planned({ rename: 'sum' });
  expect(nameOf(rename.declared)).toBe('public.orders.total 3');
  expect(rename.words).toMatchObject({ file: 'total-3', migration: 'orders_total_3' });
  await run(rename.declared, 'up');
  expect(await client.rows(`select name from online_migration.change order by 1`)).toEqual([
    { name: 'public.orders.total' },
    { name: 'public.orders.total 2' },
    { name: 'public.orders.total 3' },
  ]);
  for (const { declared } of [rename, second, first]) await run(declared, 'down');
  expect(
    await client.value(`
      select string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' order by attnum)
      from pg_attribute where attrelid = 'orders'::regclass and attnum > 0 and not attisdropped`),
  ).toBe('id bigint, total integer');
});

it('a rename of a column is told apart from a change that is in the list', async () => {
  const first = await planned({ to: 'bigint' });
  await run(first.declared, 'up');
  const rename = await planned({ rename: 'sum' }, { listed: [first.declared] });
  expect(nameOf(rename.declared)).toBe('public.orders.total 2');
});

it('a change is told apart from one that only has its migrations left', async () => {
  const { words, declared } = await planned(
    { to: 'bigint' },
    { migrations: ['create_orders', 'expand_orders_total', 'rename_orders_total_2'] },
  );
  expect(nameOf(declared)).toBe('public.orders.total 3');
  expect(words.migration).toBe('orders_total_3');
});
