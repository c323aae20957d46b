import { describe, expect, it } from '@jest/globals';
import type { ColumnChange } from '../../../src/online-migration/change/column-change.ts';
import { textToNumeric } from '../../../src/online-migration/conversions/numbers/text-to-numeric.ts';
import { backfill } from '../../../src/online-migration/phases/backfill.ts';
import { contract } from '../../../src/online-migration/phases/contract.ts';
import { expand } from '../../../src/online-migration/phases/expand.ts';
import { preflight } from '../../../src/online-migration/verify/preflight.ts';
import { type PhaseFunction, PHASES } from '../../support/change-cycle.ts';
import { type ChangeOptions, changeOf } from '../../support/change-of.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const changeOfTotal = (declared: Partial<ChangeOptions> = {}, path = 'item.total'): ColumnChange =>
  changeOf(path, {
    from: 'text',
    to: 'numeric(12,2)',
    conversion: textToNumeric(12, 2),
    ...declared,
  });
const total = changeOfTotal();

const database = databasePerFile(
  `create table item (id integer primary key, c integer not null unique, total text not null)`,
  `insert into item select i, 100 + i, '00' || i || '.5' from generate_series(1, 5) i`,
  `create table other (id integer primary key, total text not null)`,
);
const { client, runPhases } = database;

const ORIGINAL = '001.5 002.5 003.5 004.5 005.5';
const texts = () => client.value<string>(`select string_agg(total, ' ' order by id) from item`);
const refused = (property: string, recorded: string, declared: string) =>
  expect.stringContaining(
    `The change public.item.total is under way with the \`${property}\` ${recorded}, and the declaration says ${declared}: ` +
      `set it back to ${recorded}`,
  );

/** Every phase, up and down, refuses the edited declaration. Without its old column, expand finds other reasons, too. */
async function expectRefused(
  change: ColumnChange,
  message: unknown,
  phases: readonly PhaseFunction[] = [...PHASES.up.slice(1), ...PHASES.down],
): Promise<void> {
  for (const phase of phases) {
    // oxlint-disable-next-line no-await-in-loop -- they share the table
    await expect(runPhases(change, [phase])).rejects.toMatchObject({ code: 'OBSTACLES', message });
  }
  await expect(runPhases(change, [expand])).rejects.toMatchObject({ code: 'OBSTACLES' });
}

describe('a declaration that was edited during its change is refused:', () => {
  it.each([
    ['expanded', 1],
    ['enforced', 3],
    ['contracted', 4],
  ])('`to.name` at %s', async (_, count) => {
    await runPhases(total, PHASES.up.slice(0, count));
    const edited = changeOfTotal({ newColumn: 'total_c' });
    const message = refused('to.name', 'total_new', 'total_c');
    await expectRefused(edited, message);
    if (count < 4) await expectRefused(edited, message, [expand]);
    const { isReady, obstacles } = await preflight(edited, { connection: database.url });
    expect(obstacles).toMatchObject([{ code: 'DECLARATION_EDITED', message }]);
    expect(isReady).toBe(false);
    await client.rows(
      count === 4
        ? `insert into item (id, c, total_new) values (6, 106, 6.50)`
        : `insert into item (id, c, total) values (6, 106, '6.50')`,
    );
    await runPhases(total, PHASES.down.slice(5 - count));
    expect(await texts()).toBe(`${ORIGINAL} 6.50`);
  });

  it.each([
    [
      'from.name',
      changeOfTotal({ name: 'public.item.total', newColumn: 'total_new' }, 'item.sum'),
      'total',
      'sum',
    ],
    [
      'table',
      changeOfTotal({ name: 'public.item.total', newColumn: 'total_new' }, 'other.total'),
      'public.item',
      'public.other',
    ],
    ['from.type', changeOfTotal({ from: 'varchar(3)' }), 'text', 'varchar(3)'],
    ['to.type', changeOfTotal({ to: 'numeric(14,2)' }), 'numeric(12,2)', 'numeric(14,2)'],
  ])('`%s` at contracted', async (property, edited, recorded, declared) => {
    await runPhases(total, PHASES.up.slice(0, 4));
    const message = refused(property, recorded, declared);
    await expectRefused(edited, message);
    await runPhases(total, PHASES.down.slice(1));
    expect(await texts()).toBe(ORIGINAL);
  });

  it.each([
    ['c', 'c'],
    [[], '[]'],
    [['id', 'c'], '[id, c]'],
  ])('`key` %j between contract and its way back', async (key, listed) => {
    await runPhases(total, PHASES.up);
    await expectRefused(changeOfTotal({ key }), refused('key', 'id', listed));
    await runPhases(total, PHASES.down);
    expect(await texts()).toBe(ORIGINAL);
  });
});

describe('a declaration follows the table:', () => {
  it('a key column that was renamed is declared under its present name', async () => {
    await runPhases(total, PHASES.up);
    await client.rows(`alter table item rename column id to number`);
    await expect(runPhases(changeOfTotal({ key: 'c' }), PHASES.down)).rejects.toThrow(
      'with the `key` number, and the declaration says c: set it back to number',
    );
    await runPhases(changeOfTotal({ key: 'number' }), PHASES.down);
    expect(await client.value(`select string_agg(total, ' ' order by number) from item`)).toBe(ORIGINAL);
  });

  it('a key that was dropped is replaced by another one', async () => {
    await runPhases(total, PHASES.up.slice(0, 2));
    await client.rows(`alter table item drop column id`);
    await runPhases(changeOfTotal({ key: 'c' }), [...PHASES.up.slice(2), ...PHASES.down]);
    expect(await client.value(`select string_agg(total, ' ' order by c) from item`)).toBe(ORIGINAL);
  });

  it('a table that was renamed is declared under its present name, with the name of the change', async () => {
    await runPhases(total, PHASES.up);
    await client.rows(`alter table item rename to product`);
    await runPhases(
      changeOfTotal({ name: 'public.item.total', newColumn: 'total_new' }, 'product.total'),
      PHASES.down,
    );
    expect(await client.value(`select string_agg(total, ' ' order by id) from product`)).toBe(ORIGINAL);
  });

  it('a table that was dropped and made again is changed from the start, without the values of the dropped one', async () => {
    await runPhases(total, PHASES.up);
    await client.rows(`drop table item`);
    await client.rows(
      `create table item (id integer primary key, c integer not null unique, total text not null)`,
    );
    await client.rows(`insert into item values (1, 1, '9.50')`);
    const again = changeOfTotal({ newColumn: 'total_c' });
    await runPhases(again, [expand]);
    expect(await client.value(`select count(*)::int from online_migration.kept_value`)).toBe(0);
    await runPhases(again, [...PHASES.up.slice(1), ...PHASES.down]);
    expect(await texts()).toBe('9.50');
  });
});

it('reverting expand keeps values that belong to no row until their deletion is confirmed', async () => {
  await runPhases(total, PHASES.up);
  await client.rows(`update item set id = 9 where id = 5`);
  await runPhases(total, PHASES.down.slice(0, 4));
  const error: unknown = await runPhases(total, PHASES.down.slice(4)).catch((reason: unknown) => reason);
  expect(error).toMatchObject({
    details: {
      obstacles: [
        { code: 'KEPT_VALUES_UNUSED', details: { reviewed: 'unused kept values of public.item.total' } },
      ],
    },
  });
  const { message } = error as Error;
  expect(message).toMatch(
    /1 kept old values belong to no row, such as 5: these rows were deleted or got another key/,
  );
  expect(await client.rows(/Look at them: `([^`]+)`/.exec(message)![1]!)).toEqual([
    { key: '5', raw_value: '005.5' },
  ]);
  await runPhases(
    changeOfTotal({ reviewed: ['unused kept values of public.item.total'] }),
    PHASES.down.slice(4),
  );
  expect(await client.value(`select to_regnamespace('online_migration')`)).toBeNull();
});

describe('a change without a record under its name is refused, with the way out:', () => {
  it.each([
    // The checkpoint of the backfill has the earlier name, so the stage looks like expanded.
    ['backfilled', 2, backfill],
    ['enforced', 3, contract],
  ])('the table was renamed at %s, and the change with it', async (_, count, next) => {
    await runPhases(total, PHASES.up.slice(0, count));
    await client.rows(`alter table item rename to product`);
    const renamed = changeOfTotal({}, 'product.total');
    await expect(runPhases(renamed, [next])).rejects.toThrow(
      "The change of total was begun under the name public.item.total, and its table or its declaration has another name now: declare `name: 'public.item.total'`.",
    );
    const named = { ...renamed, name: 'public.item.total' };
    await runPhases(named, [...PHASES.up.slice(count), ...PHASES.down]);
    expect(await client.value(`select string_agg(total, ' ' order by id) from product`)).toBe(ORIGINAL);
  });

  it('the schema of the package was dropped', async () => {
    await runPhases(total, PHASES.up.slice(0, 3));
    await client.rows(`drop schema online_migration cascade`);
    await expect(runPhases(total, PHASES.up.slice(0, 1))).rejects.toThrow(
      'If it is from this change, the record was lost with the schema online_migration: restore that schema from a backup.',
    );
    await client.rows(`alter table item drop column total_new`);
    await runPhases(total, [...PHASES.up, ...PHASES.down]);
    expect(await texts()).toBe(ORIGINAL);
  });
});
