import type { ChangedColumn } from '../change/changed-column.ts';
import type { Side } from '../sync/filled-column.ts';
import { fitting, isCut, namesOf } from '../change/names.ts';

/** A column of a table, as a parameter of catalog queries. */
export interface TableColumn {
  /** Schema and table, quoted. */
  readonly table: string;
  /** The column's name, unquoted. */
  readonly column: string;
}

/** One of the two columns of a change. */
export function columnAt(change: ChangedColumn, side: Side): TableColumn {
  const { oldColumn, newColumn } = change;
  return { table: namesOf(change).table, column: side === 'old' ? oldColumn.name : newColumn.name };
}

/** The name of a copy of an index or constraint; the copy gets the original's name in the end. */
export function mirrorName(name: string): string {
  return fitting(`${name}_mirror`);
}

/** Whether {@link mirrorName} may have produced this name; true for every truncated name. */
export function mayBeMirrorName(name: string): boolean {
  return name.endsWith('_mirror') || isCut(name);
}
