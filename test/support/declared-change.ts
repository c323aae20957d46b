import { type ChangedColumn, changedColumnOf } from '../../src/online-migration/change/changed-column.ts';
import type { ColumnChange } from '../../src/online-migration/change/column-change.ts';

/** The changed column of a declaration, or the given column itself. */
export function columnOf(change: ColumnChange | ChangedColumn): ChangedColumn {
  return 'columns' in change ? changedColumnOf(change) : change;
}

/** The declaration of a changed column. */
export function declarationOf({
  oldColumn,
  newColumn,
  conversion,
  nullable,
  index,
  ...change
}: ChangedColumn): ColumnChange {
  const pair = { from: oldColumn, to: newColumn, conversion };
  return {
    ...change,
    columns: [
      { ...pair, ...(nullable === undefined ? {} : { nullable }), ...(index === undefined ? {} : { index }) },
    ],
  };
}
