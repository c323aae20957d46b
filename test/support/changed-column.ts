import { type ChangedColumn, changedColumnsOf } from '../../src/online-migration/change/changed-column.ts';
import type { ColumnChange } from '../../src/online-migration/change/column-change.ts';

/** The column of a change that has only one. */
export function changedColumnOf(change: ColumnChange): ChangedColumn {
  const [column, ...others] = changedColumnsOf(change);
  if (others.length > 0) throw new Error(`The change has ${1 + others.length} columns.`);
  return column;
}
