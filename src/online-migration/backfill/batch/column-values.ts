import type { ChangeFill } from '../plan/fill.ts';
import { type ColumnCondition, valueIf } from '../plan/unfilled.ts';

/**
 * A list for `select` on rows aliased `t`: the value of each column to fill, as `value_1` and so on.
 * @param isToFill whether a column is to be filled; the others have no value
 */
export function selectValues(fill: ChangeFill, isToFill: ColumnCondition): string {
  return fill.columns
    .map((column, index) => `${valueIf(fill, column, isToFill(column), 'null')} as ${valueName(index)}`)
    .join(', ');
}

/**
 * An update, aliased `u`, with the values of {@link selectValues}. A row without a value is not written, so that it keeps
 * its place. A column without a value stays as it is.
 * @param leaf schema and name, quoted
 * @param values the query with the values, and the row's `ctid` as `tid`
 */
export function updateFrom({ columns }: ChangeFill, leaf: string, values: string): string {
  const value = (index: number) => `${values}.${valueName(index)}`;
  return `update ${leaf} as u
      set ${columns.map(({ target }, index) => `${target} = coalesce(u.${target}, ${value(index)})`).join(', ')}
      from ${values}
      where u.ctid = ${values}.tid and (${columns.map((_, index) => `${value(index)} is not null`).join(' or ')})`;
}

/** For `returning`: whether each column that has a value in the query `values` is null in spite of the update. */
export function areEmptied({ columns }: ChangeFill, values: string): string[] {
  return columns.map(
    ({ target }, index) => `${values}.${valueName(index)} is not null and u.${target} is null`,
  );
}

/** The name of a column's value in {@link selectValues}. */
export function valueName(index: number): string {
  return `value_${index + 1}`;
}
