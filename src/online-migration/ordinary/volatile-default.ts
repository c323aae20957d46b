import type { Queryable } from '../postgres/queryable.ts';
import { loadSqlParser } from '../sql/sql-parser.ts';
import { readStatements } from '../sql/statements.ts';
import { DatabaseCatalog } from './catalog/database-catalog.ts';
import { functionsIn } from './planning/called-functions.ts';

/**
 * Whether a default differs from row to row, so that a new column with it rewrites the table.
 * @param expression in SQL
 */
export async function readVolatile(database: Queryable, expression: string): Promise<boolean> {
  const parser = await loadSqlParser();
  const catalog = await DatabaseCatalog.open(database, parser);
  return catalog.hasVolatile(
    readStatements(parser, `select ${expression}`).flatMap(({ tree }) => functionsIn(tree)),
  );
}
