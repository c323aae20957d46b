import { escapeIdentifier } from 'pg';
import type { Queryable } from '../postgres/queryable.ts';
import type { GeneratedColumn } from './generated-columns.ts';

/*
 * PostgreSQL converts the result of an expression to the type of its generated column: for a bigint, `size * 2` could exceed an
 * integer column, and then each query of the row would fail. So the expression must give the type that it gave before, or
 * that of the column.
 */

/** Reads the type that an expression has before PostgreSQL converts it for its column, as in the catalog: `numeric(12,2)`. */
export async function readExpressionType(
  database: Queryable,
  table: string,
  expression: string,
): Promise<string> {
  const result = 'pg_temp.online_migration_result';
  await database.query(
    `create temporary table online_migration_result as select ${expression} as value from ${table} with no data`,
  );
  const { rows } = await database.query<{ type: string }>(
    `
    select format_type(atttypid, atttypmod) as type from pg_catalog.pg_attribute
    where attrelid = to_regclass($1) and attname = 'value'`,
    [result],
  );
  await database.query(`drop table ${result}`);
  return rows[0]!.type;
}

/**
 * Finds the reason against an expression for the types of a trial table that its result has another type.
 * @param before its type for the types of the real table
 */
export async function resultFault(
  database: Queryable,
  table: string,
  { name, type, expression }: GeneratedColumn,
  before: string,
): Promise<string | null> {
  const after = await readExpressionType(database, table, expression);
  return [before, type].includes(after) ? null : `it gives ${after}, and ${name} is ${type}`;
}

/** The statement that adds a generated column with an expression to the trial table. */
export function addGenerated(
  table: string,
  column: string,
  { type }: GeneratedColumn,
  expression: string,
): string {
  return `alter table ${table} add column ${escapeIdentifier(column)} ${type} generated always as (${expression}) virtual`;
}

/** Reads the expression of a generated column as PostgreSQL writes it. */
export async function readExpression(database: Queryable, table: string, column: string): Promise<string> {
  const { rows } = await database.query<{ expression: string }>(
    `
    select pg_get_expr(x.adbin, x.adrelid) as expression
    from pg_catalog.pg_attrdef x
    join pg_catalog.pg_attribute a on a.attrelid = x.adrelid and a.attnum = x.adnum
    where a.attrelid = to_regclass($1) and a.attname = $2`,
    [table, column],
  );
  return rows[0]!.expression;
}
