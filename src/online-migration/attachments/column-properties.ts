import { escapeLiteral } from 'pg';
import type { Queryable } from '../postgres/queryable.ts';
import type { TableColumn } from './table-column.ts';

/** What a column has besides its type, its default and what hangs on it, and would lose with the column. */
export interface ColumnProperties {
  readonly comment: string | null;
  /** How many values ANALYZE keeps of it; null if that is as for all columns. */
  readonly statistics: number | null;
  /** What the planner is told of its distinct values, as `set (…)` takes it; null for nothing. */
  readonly options: string | null;
}

/** Reads a column's comment, its statistics target and its options. */
export async function readColumnProperties(
  database: Queryable,
  { table, column }: TableColumn,
): Promise<ColumnProperties> {
  const { rows } = await database.query<ColumnProperties>(
    `
    select col_description(attrelid, attnum) as comment, nullif(attstattarget, -1)::integer as statistics,
      array_to_string(attoptions, ', ') as options
    from pg_catalog.pg_attribute
    where attrelid = to_regclass($1) and attname = $2`,
    [table, column],
  );
  return rows[0] ?? { comment: null, statistics: null, options: null };
}

/**
 * Statements that give a column the properties of another one; the table must be locked.
 * @param column quoted
 */
export function propertyStatements(
  { comment, statistics, options }: ColumnProperties,
  table: string,
  column: string,
): string[] {
  return [
    ...(comment === null ? [] : [`comment on column ${table}.${column} is ${escapeLiteral(comment)}`]),
    ...(statistics === null
      ? []
      : [`alter table ${table} alter column ${column} set statistics ${statistics}`]),
    ...(options === null ? [] : [`alter table ${table} alter column ${column} set (${options})`]),
  ];
}
