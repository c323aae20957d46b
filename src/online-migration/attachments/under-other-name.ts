import { escapeIdentifier } from 'pg';
import type { ColumnChange } from '../change/column-change.ts';
import { fitting } from '../change/names.ts';
import type { Side } from '../sync/filled-column.ts';
import { otherNames } from './table-column.ts';

/*
 * The catalog gives the definition of a view as text with the names of the columns, and stores the numbers of the
 * columns. So a definition can be given to the other column without a parser: while the other column has the first
 * one's name, run the text unchanged. Then give both columns their own names again. A change of several columns does so
 * with all of them, because a definition can use several.
 */

/** The names of two columns of a change, unquoted. */
export interface ColumnNames {
  /** The column that the definitions name. */
  readonly leaving: string;
  /** The column that gets them. */
  readonly staying: string;
}

/** The names of the columns of a change, in pairs. */
export function columnNames(change: ColumnChange, from: Side): readonly ColumnNames[] {
  return Array.from(otherNames(change, from), ([leaving, staying]) => ({ leaving, staying }));
}

/** The name of the leaving column while the staying one has its name, unquoted. */
export function spareName({ leaving }: ColumnNames): string {
  return fitting(`~${leaving}`);
}

/** The name of any column while the names are lent, unquoted. */
export function lentName(columns: readonly ColumnNames[], name: string): string {
  for (const names of columns) {
    if (names.staying === name) return names.leaving;
    if (names.leaving === name) return spareName(names);
  }
  return name;
}

/**
 * Statements that give each staying column the name of the leaving one. The table must be locked.
 * @param table schema and name, quoted
 */
export function lendNames(table: string, columns: readonly ColumnNames[]): string[] {
  return columns.flatMap((names) => [
    renameColumn(table, names.leaving, spareName(names)),
    renameColumn(table, names.staying, names.leaving),
  ]);
}

/** Statements that give all columns their own names again. */
export function returnNames(table: string, columns: readonly ColumnNames[]): string[] {
  return columns.flatMap((names) => [
    renameColumn(table, names.leaving, names.staying),
    renameColumn(table, spareName(names), names.leaving),
  ]);
}

function renameColumn(table: string, from: string, to: string): string {
  return `alter table ${table} rename column ${escapeIdentifier(from)} to ${escapeIdentifier(to)}`;
}
