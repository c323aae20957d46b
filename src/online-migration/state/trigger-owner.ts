import type { ColumnChange } from '../change/column-change.ts';
import {
  changeNamesOf,
  PACKAGE_SCHEMA,
  recordName,
  syncFunctionName,
  triggerNames,
} from '../change/names.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { readRecordedChanges } from './recorded-changes.ts';

const FUNCTION_ROLE = ' sync';

/**
 * The names of the changes to which the sync triggers of the columns belong, whatever this declaration is called; none if
 * there are no triggers. Each trigger function is named for its change.
 */
export async function readTriggerOwners(database: Queryable, change: ColumnChange): Promise<string[]> {
  const triggers = change.columns.flatMap(({ from }) => {
    const { insert, update } = triggerNames(from.name);
    return [insert, update];
  });
  const { rows } = await database.query<{ function: string }>(
    `
    select distinct p.proname as function
    from pg_catalog.pg_trigger t
    join pg_catalog.pg_proc p on p.oid = t.tgfoid
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    where t.tgrelid = to_regclass($1) and t.tgname = any ($2) and n.nspname = $3
    order by 1`,
    [changeNamesOf(change).table, triggers, PACKAGE_SCHEMA],
  );
  if (rows.length === 0) return [];
  const recorded = await readRecordedChanges(database);
  const owners = rows.flatMap(({ function: name }) => {
    // The name of the function may be truncated.
    const record = recorded.find((one) =>
      one.columns.some(
        ({ oldColumn }) => syncFunctionName(recordName(one.name, oldColumn, one.columns.length)) === name,
      ),
    );
    return record?.name ?? (name.endsWith(FUNCTION_ROLE) ? name.slice(0, -FUNCTION_ROLE.length) : []);
  });
  return [...new Set(owners)];
}
