import { escapeLiteral } from 'pg';
import type { Queryable } from './queryable.ts';

/**
 * Creates a trigger function, or replaces it without touching its triggers.
 *
 * It runs with the rights of its owner and a fixed search_path. Nobody else may execute it; otherwise a role without
 * any right on the table could attach it to a table of its own. Triggers fire it for any role that writes to the
 * table.
 *
 * @param name schema and name, quoted
 * @param body PL/pgSQL from `begin` to `end`
 * @param settings further settings of the function: `set timezone = 'UTC'`
 */
export async function createTriggerFunction(
  database: Queryable,
  name: string,
  body: string,
  settings = '',
): Promise<void> {
  // A literal, not dollar quotes, because a name or a label in the body may contain any text.
  await database.query(`
    create or replace function ${name}() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp ${settings}
    as ${escapeLiteral(body)}`);
  await database.query(`revoke all on function ${name}() from public`);
}
