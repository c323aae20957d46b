import { expect, it } from '@jest/globals';
import { releaseOrder } from '../../../src/online-migration/mikro-orm/creation/release-order.ts';
import { numberedNames } from '../../../src/online-migration/new-change/migration-names.ts';

const MIGRATIONS = numberedNames('migrations', ['0012_rename_orders_total.ts']);
const FILL = {
  schema: 'public',
  table: 'orders',
  column: 'status',
  value: `'new'`,
  where: 'status is null',
  isRequired: true,
};
const NONE = { up: '', down: '' };

it('several migrations are told by their place around the release', () => {
  const drops = { up: 'alter table orders drop column legacy_score;', down: '' };
  expect(releaseOrder(MIGRATIONS, { up: 'alter table …', fills: [FILL], drops }))
    .toBe(`Release with the edited entities:
  Before it:
    npx mikro-orm migration:up --to 0013    the new columns, and all other differences
  When all processes run it:
    npx mikro-orm migration:up --to 0015    the values, and NOT NULL
  When no process runs an older release:
    npx mikro-orm migration:up --to 0016    the dropped columns and tables
`);
  expect(
    releaseOrder(MIGRATIONS, { up: 'alter type …', fills: [{ ...FILL, isRequired: false }], drops: NONE }),
  ).toBe(`Release with the edited entities:
  Before it:
    npx mikro-orm migration:up --to 0013    the new columns, and all other differences
  When all processes run it:
    npx mikro-orm migration:up --to 0014    the values
`);
});

it('one migration needs no order', () => {
  expect(releaseOrder(MIGRATIONS, { up: 'create index …', fills: [], drops: NONE })).toBeUndefined();
  expect(releaseOrder(MIGRATIONS, { up: '', fills: [], drops: NONE })).toBeUndefined();
});
