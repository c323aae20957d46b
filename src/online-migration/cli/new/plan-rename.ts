import type { ChangedColumn } from '../../change/changed-column.ts';
import { OnlineMigrationError } from '../../change/online-migration-error.ts';
import { numberOf } from './change-number.ts';
import { keyOf, namesFor, type NewChange } from './new-change.ts';
import { typeSetup } from './type-setup.ts';
import { type ColumnFacts, type DescribingQueryable, enumLabels, type TableFacts } from './table-facts.ts';

/** Plans a rename. Its obstacles are found later, as those of every change. */
export async function planRename(
  database: DescribingQueryable,
  {
    table,
    column,
    firstNumber,
    others,
  }: {
    readonly table: TableFacts;
    readonly column: ColumnFacts;
    readonly firstNumber: number;
    readonly others: readonly ChangedColumn[];
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
  const change: ChangedColumn = {
    table: { schema: table.schema, name: table.name },
    key: keyOf(table),
    oldColumn: { name, type },
    newColumn: { name: to, type },
  };
  await numberOf(database, change, others);
  return {
    table,
    change,
    conversion: null,
    labels: await enumLabels(database, type),
    typeSetup: await typeSetup(database, [type]),
    sample: [],
    zone: 'UTC',
    firstNumber,
    words: namesFor(table, name),
  };
}
