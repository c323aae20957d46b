import { changedColumnsOf } from '../change/changed-column.ts';
import type { ColumnChange } from '../change/column-change.ts';
import { OnlineMigrationError } from '../change/online-migration-error.ts';
import { type EarlierChanges, numbered, numberOf } from './change-number.ts';
import { keyOf, namesFor, type NewChange, type NewColumn, type NewMigrations } from './new-change.ts';
import { checksForTest } from './test-checks.ts';
import { objectSetup, partsWithoutTest } from './test-objects.ts';
import { typeSetup } from './type-setup.ts';
import { type ColumnFacts, type DescribingQueryable, enumLabels, type TableFacts } from './table-facts.ts';

/** Plans a rename. Its obstacles are found later, as those of every change. */
export async function planRename(
  database: DescribingQueryable,
  {
    table,
    column,
    project,
    earlier,
  }: {
    readonly table: TableFacts;
    readonly column: ColumnFacts;
    readonly project: NewMigrations;
    readonly earlier: EarlierChanges;
  },
  to: string,
): Promise<NewChange> {
  if (to === column.name) {
    throw new OnlineMigrationError(
      'NAME_UNCHANGED',
      `The column is called ${to} already, and nothing was written.`,
      {
        column: to,
      },
    );
  }
  const { name, type } = column;
  const unnamed: ColumnChange = {
    table: { schema: table.schema, name: table.name },
    key: keyOf(table),
    columns: [{ from: { name, type }, to: { name: to, type } }],
  };
  const number = await numberOf(database, unnamed, earlier);
  const change = number === undefined ? unnamed : { name: numbered(unnamed, number), ...unnamed };
  const labels = await enumLabels(database, type);
  const [changed] = changedColumnsOf(change);
  const planned: NewColumn = { facts: column, change: changed, conversion: null, labels, sample: [] };
  const checks = await checksForTest(database, table, [planned]);
  return {
    table,
    change,
    columns: [planned],
    setup: [...(await typeSetup(database, [type])), ...(await objectSetup(database, table, [column]))],
    checks,
    untested: await partsWithoutTest(database, table, checks),
    refusals: [],
    zone: 'UTC',
    ...project,
    words: namesFor(table, [name], number),
  };
}
