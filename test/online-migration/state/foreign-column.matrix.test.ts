import { expect, it } from '@jest/globals';
import { changedColumnOf } from '../../support/changed-column.ts';
import { integerToBigint } from '../../../src/online-migration/conversions/numbers/integer-to-bigint.ts';
import { textToNumeric } from '../../../src/online-migration/conversions/numbers/text-to-numeric.ts';
import { ActiveColumnFollower } from '../../../src/online-migration/follow/active-column-follower.ts';
import { readStatus } from '../../../src/online-migration/observation/status.ts';
import { expand } from '../../../src/online-migration/phases/expand.ts';
import { revertContract } from '../../../src/online-migration/phases/revert-contract.ts';
import { preflight } from '../../../src/online-migration/verify/preflight.ts';
import type { ColumnChange } from '../../../src/online-migration/change/column-change.ts';
import { PHASES } from '../../support/change-cycle.ts';
import { changeOf, type ChangeOptions } from '../../support/change-of.ts';
import { refusedWith } from '../../support/refused-with.ts';
import { createRole } from '../../support/roles.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const database = databasePerFile(
  `create table orders (id integer primary key, total text not null)`,
  `insert into orders values (1, '1.5')`,
);
const { client, runPhases } = database;

const totalTo = (newColumn: string, options: Partial<ChangeOptions> = {}) =>
  changeOf('orders.total', {
    from: 'text',
    to: 'numeric(12,2)',
    conversion: textToNumeric(12, 2),
    newColumn,
    ...options,
  });
const total = totalTo('Cost');
const misspelt = (name?: string): ColumnChange => {
  const { columns, ...change } = total;
  const [pair] = columns;
  return {
    ...change,
    ...(name === undefined ? {} : { name }),
    columns: [{ ...pair!, from: { ...pair!.from, name: 'totl' } }],
  };
};

const followed = (change: ColumnChange, reader: typeof client = client) =>
  new ActiveColumnFollower(changedColumnOf(change), reader).current();

it.each([
  ['enforced', total, `alter table orders add "Cost" numeric(12,2) not null default 99`],
  ['expanded', total, `alter table orders add "Cost" numeric(12,2)`],
  [
    'enforced and nullable',
    totalTo('Cost', { nullable: true }),
    `alter table orders alter total drop not null, add "Cost" numeric(12,2) default 99,
      add constraint "Cost_enforced" check ("Cost" is not null or total is null)`,
  ],
])('a foreign column that looks %s is neither followed nor taken for the new one', async (_, change, sql) => {
  await client.rows(sql);
  expect(await readStatus(client, change)).toMatchObject({ stage: 'initial', activeColumn: 'total' });
  expect(await followed(change)).toEqual({ form: 'old', name: 'total' });
  const { isReady, obstacles } = await preflight(change, { connection: database.url });
  expect(isReady).toBe(false);
  expect(obstacles.map(({ code }) => code)).toContain('NEW_COLUMN_EXISTS');
  await expect(runPhases(change, [expand])).rejects.toMatchObject(
    refusedWith('OBSTACLES', / has a column Cost already, which is not from this change/),
  );
});

it('a column that is added after rename under the interim name is not from the change', async () => {
  await runPhases(total, PHASES.up);
  await client.rows(`alter table orders add "Cost" numeric(12,2) not null default 99`);
  expect(await readStatus(client, total)).toMatchObject({ stage: 'renamed', activeColumn: 'total' });
  expect(await followed(total)).toEqual({ form: 'renamed', name: 'total' });
});

it('a role that may use nothing of the package follows each phase up and down', async () => {
  await using role = await createRole(database.url);
  await using reader = await database.connect();
  await client.rows(`grant usage on schema public to ${role.name}`);
  await reader.rows(`set role ${role.name}`);
  for (const [index, phase] of [...PHASES.up, ...PHASES.down].entries()) {
    await runPhases(total, [phase]);
    if (await client.value(`select to_regnamespace('online_migration') is not null`)) {
      await client.rows(`revoke usage on schema online_migration from public`);
    }
    const form = ['old', 'old', 'new', 'new', 'renamed', 'new', 'new', 'old', 'old', 'old'][index];
    expect(await followed(total, reader)).toMatchObject({ form });
  }
  await runPhases(changeOf('orders.id', { from: 'integer', to: 'bigint', conversion: integerToBigint }), [
    expand,
  ]);
  await client.rows(`
    alter table orders add "Cost" numeric(12,2) not null default 99;
    revoke usage on schema online_migration from public`);
  expect(await followed(total, reader)).toEqual({ form: 'old', name: 'total' });
});

it('a change whose sync triggers were both dropped stays at its stage', async () => {
  await runPhases(total, PHASES.up.slice(0, 3));
  await client.rows(
    `drop trigger "~sync_total_insert" on orders; drop trigger "~sync_total_update" on orders`,
  );
  expect(await readStatus(client, total)).toMatchObject({ stage: 'enforced', activeColumn: 'Cost' });
});

it.each([
  ['before another change', undefined, []],
  ['after its expand, under the same name', 'totals', PHASES.up.slice(0, 1)],
  ['after its contract, under the same name', 'totals', PHASES.up.slice(0, 4)],
])('a misspelt old column is not taken for one that contract has dropped: %s', async (_, name, phases) => {
  await runPhases(totalTo('Cost', name === undefined ? {} : { name }), phases);
  if (phases.length === 0) await client.rows(`alter table orders add "Cost" numeric(12,2)`);
  const change = misspelt(name);
  const refused = refusedWith(
    'COLUMN_MISSING',
    /^The table public\.orders has no column totl, and its column Cost is not from this change/,
  );
  await expect(readStatus(client, change)).rejects.toMatchObject(refused);
  await expect(followed(change)).rejects.toMatchObject(refused);
  const checked = preflight(change, { connection: database.url }).catch((error: unknown) => error);
  // If the change is recorded with the other name, that is an obstacle.
  expect(await checked).toMatchObject(
    phases.length === 0
      ? refused
      : { obstacles: [{ code: 'DECLARATION_EDITED', details: { property: 'from.name' } }] },
  );
  await expect(runPhases(change, [revertContract])).rejects.toMatchObject(
    phases.length === 0 ? refused : { code: 'OBSTACLES' },
  );
});

it('a contracted change stays contracted if its records are lost', async () => {
  await runPhases(total, PHASES.up.slice(0, 4));
  await client.rows(`drop schema online_migration cascade`);
  expect(await readStatus(client, total)).toMatchObject({ stage: 'contracted', activeColumn: 'Cost' });
});
