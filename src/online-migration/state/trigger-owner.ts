import type { ChangedColumn } from '../change/changed-column.ts';
import { fitting, namesOf, PACKAGE_SCHEMA } from '../change/names.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { readRecordedChanges } from './recorded-changes.ts';
import { unquoted } from '../sync/filled-column.ts';

const FUNCTION_ROLE = ' sync';

/**
 * The name of the change to which the sync triggers of the column belong, whatever this declaration is called; null if
 * there are none. Each change's trigger function is named for it.
 */
export async function readTriggerOwner(database: Queryable, change: ChangedColumn): Promise<string | null> {
  const { table, insertTrigger, updateTrigger } = namesOf(change);
  const { rows } = await database.query<{ function: string }>(
    `
    select p.proname as function
    from pg_catalog.pg_trigger t
    join pg_catalog.pg_proc p on p.oid = t.tgfoid
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    where t.tgrelid = to_regclass($1) and t.tgname = any ($2) and n.nspname = $3
    limit 1`,
    [table, [insertTrigger, updateTrigger].map(unquoted), PACKAGE_SCHEMA],
  );
  const [found] = rows;
  if (found === undefined) return null;
  // The name of the function may be truncated.
  const recorded = (await readRecordedChanges(database)).find(
    ({ name }) => fitting(`${name}${FUNCTION_ROLE}`) === found.function,
  );
  return (
    recorded?.name ??
    (found.function.endsWith(FUNCTION_ROLE) ? found.function.slice(0, -FUNCTION_ROLE.length) : null)
  );
}
