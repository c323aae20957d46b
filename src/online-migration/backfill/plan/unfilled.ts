import { escapeLiteral } from 'pg';
import type { ChangeFill, Fill } from './fill.ts';

/** A condition on a column of a row. */
export type ColumnCondition = (column: Fill) => string;

/**
 * A condition on a column of a row: it has no value yet, and its source has one.
 * @param alias of the row
 */
export function isOpen({ target, source }: Fill, alias: string): string {
  return `${alias}.${target} is null and ${alias}.${source} is not null`;
}

/**
 * A condition on a column of a row: it is not filled, and it is not a recorded reject.
 * @param key identifies the rejects, as in {@link ChangeFill}
 */
export function isColumnUnfilled(column: Fill, { key }: Pick<ChangeFill, 'key'>, alias: string): string {
  const known = `
      select from online_migration.reject r
      where r.change = ${escapeLiteral(column.names.record)} and r.key = ${key.text(alias)}
        and r.raw_value = ${alias}.${column.source}::text`;
  return `${isOpen(column, alias)} and not exists (${known})`;
}

/** A condition on a row: one of its columns is neither filled nor a recorded reject. */
export function isUnfilled(fill: ChangeFill, alias: string): string {
  return anyColumn(fill, (column) => isColumnUnfilled(column, fill, alias));
}

/** A condition on a row: each of its columns is filled, or has no value to fill it with. */
export function isFilled({ columns }: ChangeFill, alias: string): string {
  if (columns.length === 1) return `${alias}.${columns[0].target} is not null`;
  return columns
    .map(({ target, source }) => `(${alias}.${target} is not null or ${alias}.${source} is null)`)
    .join(' and ');
}

/** A condition on a row that is met if one of its columns meets it. */
export function anyColumn({ columns }: ChangeFill, condition: ColumnCondition): string {
  if (columns.length === 1) return condition(columns[0]);
  return `(${columns.map((column) => `(${condition(column)})`).join(' or ')})`;
}

/**
 * The value of a column that meets a condition; otherwise `other`, without a conversion. A single column has no case: the
 * statement itself selects the rows whose column meets the condition.
 * @param other an SQL expression
 */
export function valueIf(fill: ChangeFill, column: Fill, condition: string, other: string): string {
  if (fill.columns.length === 1) return column.value;
  return `case when ${condition} then ${column.value} else ${other} end`;
}
