import { type ChangedColumn, changedColumnsOf } from '../change/changed-column.ts';
import type { ColumnChange } from '../change/column-change.ts';
import type { Side } from '../sync/filled-column.ts';
import { changeNamesOf, fitting, isCut, namesOf } from '../change/names.ts';

/** A column of a table, as a parameter of catalog queries. */
export interface TableColumn {
  /** Schema and table, quoted. */
  readonly table: string;
  /** The column's name, unquoted. */
  readonly column: string;
}

/** Columns of a table, as parameters of catalog queries. */
export interface TableColumns {
  /** Schema and table, quoted. */
  readonly table: string;
  /** The columns' names, unquoted. */
  readonly columns: readonly string[];
}

/** All columns of a change on one side. */
export function columnsAt(change: ColumnChange, side: Side): TableColumns {
  const columns = change.columns.map(({ from, to }) => (side === 'old' ? from.name : to.name));
  return { table: changeNamesOf(change).table, columns };
}

/** The names of the columns on the other side, by those on this side. */
export function otherNames(change: ColumnChange, side: Side): ReadonlyMap<string, string> {
  return new Map(
    change.columns.map(({ from, to }) => (side === 'old' ? [from.name, to.name] : [to.name, from.name])),
  );
}

/** The types of the columns on the other side, by the names of those on this side. */
export function otherTypes(change: ColumnChange, side: Side): ReadonlyMap<string, string> {
  return new Map(
    changedColumnsOf(change).map(({ oldColumn, newColumn }) =>
      side === 'old' ? [oldColumn.name, newColumn.type] : [newColumn.name, oldColumn.type],
    ),
  );
}

/** The types of the columns on a side, each once. */
export function typesAt(change: ColumnChange, side: Side): string {
  const types = changedColumnsOf(change).map(
    ({ oldColumn, newColumn }) => (side === 'old' ? oldColumn : newColumn).type,
  );
  return [...new Set(types)].join(' and ');
}

/** One of the two columns of a pair. */
export function columnAt(change: ChangedColumn, side: Side): TableColumn {
  const { oldColumn, newColumn } = change;
  return { table: namesOf(change).table, column: side === 'old' ? oldColumn.name : newColumn.name };
}

/** The name of a copy of an index or constraint; the copy gets the original's name in the end. */
export function mirrorName(name: string): string {
  return fitting(`${name}_mirror`);
}

/** The name of the index of a partition that becomes its primary key or unique constraint. */
export function keyIndexName(name: string): string {
  return mirrorName(`${name}_key`);
}

/** Whether {@link mirrorName} may have produced this name; true for every truncated name. */
export function mayBeMirrorName(name: string): boolean {
  return name.endsWith('_mirror') || isCut(name);
}
