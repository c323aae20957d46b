import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openProjectCopy, type ProjectCopy } from './new-project.ts';
import { TABLES } from './several-columns-tables.ts';

/** The linter, the type check and the tests of three changes. */
const LIMIT_MS = 300_000;

let copy: ProjectCopy;
let project: string;

beforeAll(async () => {
  copy = await openProjectCopy(TABLES);
  project = copy.folder;
});
afterAll(async () => copy[Symbol.asyncDispose]());

const read = (path: string) => readFile(join(project, path), 'utf8');

describe('npx online-migration new --columns', () => {
  it(
    'writes one change of several columns, which passes the linter, the type check and its own test untouched',
    async () => {
      const times = await copy.changeNew(
        '--table',
        'orders',
        '--columns',
        '"Created At", updated_at,DELETED_AT',
        '--to',
        'timestamptz',
        '--zone',
        'Europe/Berlin',
      );
      expect(times).toMatchObject({ exitCode: 0, stderr: '' });
      expect(times.stdout).toContain(`Files written:
  src/orders/created-at-updated-at-and-deleted-at-change.ts
  migrations/${copy.newNumber(1)}_expand_orders_created_at_updated_at_and_deleted_at.ts
  migrations/${copy.newNumber(2)}_backfill_orders_created_at_updated_at_and_deleted_at.ts
  migrations/${copy.newNumber(3)}_enforce_orders_created_at_updated_at_and_deleted_at.ts
  migrations/${copy.newNumber(4)}_contract_orders_created_at_updated_at_and_deleted_at.ts
  migrations/${copy.newNumber(5)}_rename_orders_created_at_updated_at_and_deleted_at.ts
  test/orders/created-at-updated-at-and-deleted-at-change.test.ts
  src/column-changes.ts
`);
      expect(times.stdout).toContain(
        `npx online-migration preflight 'public.orders.Created At,updated_at,deleted_at'`,
      );
      expect(times.stdout).toContain(`Release 1, which knows the old and the new columns:
  Keep one entity of orders. It describes the table after the change: the properties of the columns Created At, updated_at and deleted_at
  get the type timestamptz, and keep the columns' names. List the change in the feature of the table:
    changes: [{ change: ordersCreatedAtUpdatedAtAndDeletedAtChange, oldType: { "Created At": new OrdersCreatedAtOldType(), updated_at: new OrdersUpdatedAtAndDeletedAtOldType(), deleted_at: new OrdersUpdatedAtAndDeletedAtOldType() } }]
`);
      expect(times.stdout).toContain(
        'enforce; the application switches over to Created At_new, updated_at_new and deleted_at_new by itself',
      );
      expect(times.stdout).toContain(
        'Release 2, which knows Created At, updated_at and deleted_at only as timestamptz:',
      );
      expect(await read('src/orders/created-at-updated-at-and-deleted-at-change.ts'))
        .toBe(`import type { ColumnChange } from 'online-migration';
import { textToTimestamptz, timestampToTimestamptz } from 'online-migration/conversions';

/**
 * The change of 3 columns of \`orders\`, which share the phases:
 * - \`Created At\`, from varchar(50) to timestamptz
 * - \`updated_at\`, from timestamp to timestamptz
 * - \`deleted_at\`, from timestamp to timestamptz
 */
export const ordersCreatedAtUpdatedAtAndDeletedAtChange: ColumnChange = {
  table: { schema: 'public', name: 'orders' },
  key: 'id',
  columns: [
    {
      from: { name: 'Created At', type: 'varchar(50)' },
      to: { name: 'Created At_new', type: 'timestamptz' },
      conversion: textToTimestamptz,
    },
    {
      from: { name: 'updated_at', type: 'timestamp', default: 'now()' },
      to: { name: 'updated_at_new', type: 'timestamptz', default: 'now()' },
      conversion: timestampToTimestamptz('Europe/Berlin'),
    },
    {
      from: { name: 'deleted_at', type: 'timestamp' },
      to: { name: 'deleted_at_new', type: 'timestamptz' },
      conversion: timestampToTimestamptz('Europe/Berlin'),
      nullable: true,
    },
  ],
};
`);

      const header = (phase: string) =>
        read(`migrations/${phase}_orders_created_at_updated_at_and_deleted_at.ts`);
      expect(await header(`${copy.newNumber(2)}_backfill`)).toContain(`
 * Backfill: fills \`Created At_new\`, \`updated_at_new\` and \`deleted_at_new\` of the rows that are older than the sync triggers, in batches of about 75 ms.
 *
 *     update orders set Created At_new = forward(Created At), updated_at_new = forward(updated_at), deleted_at_new = forward(deleted_at)
 *     where ctid >= '(…,0)' and ctid < '(…,0)' and (Created At_new is null or updated_at_new is null or deleted_at_new is null)
`);
      expect(await header(`${copy.newNumber(3)}_enforce`)).toContain(`
 * Enforce: sets \`Created At_new\` and \`updated_at_new\` NOT NULL, ensures that \`deleted_at_new\` has a value in every row in which \`deleted_at\` has one, and makes them the active columns.
`);

      const numbers = await copy.changeNew(
        '--table',
        'Line "Items"',
        '--columns',
        'amount,no',
        '--to',
        'bigint',
      );
      expect(numbers).toMatchObject({ exitCode: 0, stderr: '' });
      expect(numbers.stdout).toContain(
        `changes: [{ change: lineItemsAmountAndNoChange, oldType: { amount: new BigIntType(), no: new LineItemsNoOldType() } }]
  MikroORM reads integer as a number, and bigint as a bigint. \`BigIntType\` is MikroORM's.
  If the property is a \`p.bigint('number')\`, omit \`oldType\`.
  MikroORM reads smallint as a number, and bigint as a bigint.
  Write the class LineItemsNoOldType: it extends MikroORM's \`Type\`, and`,
      );

      const own = await copy.changeNew('--table', 'place', '--columns', '€,£,area,size', '--to', 'text');
      expect(own).toMatchObject({ exitCode: 0, stderr: '' });
      expect(own.stdout).toContain(`Next:
  The package has no conversion from macaddr to text:
  write \`forward\` and \`backward\` in src/place/x-and-x-conversion.ts, as docs/adapting.md shows. Until then, the change is refused.
  The package has no conversion from tsquery to text:
  write \`forward\` and \`backward\` in src/place/area-conversion.ts, as docs/adapting.md shows. Until then, the change is refused.
  Declare the new default, \`to.default\` of area, in src/place/x-x-area-and-size-change.ts.
  The test has values of place: write the new ones, and remove personal data.
`);
      expect(await read('src/place/x-and-x-conversion.ts')).toContain(
        ' * Values of `place.€` and `place.£`: macaddr to text and back.\n',
      );
      const sample = await read('test/place/x-x-area-and-size-change.test.ts');
      expect(sample).toContain(`await expectConverted(placeXXAreaAndSizeChange, SAMPLE, [], '€');`);
      expect(sample).toContain(`await expectConverted(placeXXAreaAndSizeChange, SAMPLE_2, [], 'area');`);

      expect(await copy.run('node_modules/oxlint/bin/oxlint')).toMatchObject({ exitCode: 0 });
      expect(
        await copy.run('node_modules/oxfmt/bin/oxfmt', '--check', 'src', 'migrations', 'test'),
      ).toMatchObject({ exitCode: 0 });
      expect(await copy.run('node_modules/typescript/bin/tsc', '--noEmit')).toMatchObject({
        exitCode: 0,
        stdout: '',
      });
      const tested = await copy.run('node_modules/jest/bin/jest.js', 'test/orders', 'test/line-items');
      expect(tested.stderr).toMatch(/Tests: {7}2 passed, 2 total/);

      // A person writes the two conversions, and the new values of the sample.
      for (const [file, type] of [
        ['x-and-x', 'macaddr'],
        ['area', 'tsquery'],
      ] as const) {
        const path = `src/place/${file}-conversion.ts`;
        const written = (await read(path))
          .replace(/forward: .*/, 'forward: (value) => `${value}::text`,')
          .replace(/backward: .*/, `backward: (value) => \`\${value}::${type}\`,`);
        await writeFile(join(project, path), written);
      }
      const filled = sample
        .replaceAll(/\[('.*'), null\]/g, '[$1, $1]')
        .replace(`["'a'", null]`, `["'a'", "'a'"]`);
      await writeFile(join(project, 'test/place/x-x-area-and-size-change.test.ts'), filled);
      const converted = await copy.run('node_modules/jest/bin/jest.js', 'test/place');
      expect(converted.stderr).toMatch(/Tests: {7}2 passed, 2 total/);
    },
    LIMIT_MS,
  );
});
