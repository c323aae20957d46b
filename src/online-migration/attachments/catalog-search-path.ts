import { escapeLiteral } from 'pg';
import type { Queryable } from '../postgres/queryable.ts';

/**
 * Lets statements run with the search_path under which the catalog's definitions were read, so that every name in them has
 * its schema.
 */
export async function withCatalogSearchPath(
  database: Queryable,
  statements: readonly string[],
): Promise<string[]> {
  const { rows } = await database.query<{ path: string }>(`select current_setting('search_path') as path`);
  return [
    `set local search_path = pg_catalog`,
    ...statements,
    `select pg_catalog.set_config('search_path', ${escapeLiteral(rows[0]!.path)}, true)`,
  ];
}
