import { keyColumnsOf } from '../change/changed-column.ts';
import type { ColumnChange } from '../change/column-change.ts';
import { changeNamesOf } from '../change/names.ts';
import type { Queryable } from '../postgres/queryable.ts';

/**
 * Reads which columns of the declared key the table does not have, except old columns of the change. Another change
 * may have renamed them.
 */
export async function missingKeyColumns(database: Queryable, change: ColumnChange): Promise<string[]> {
  const wanted = keyColumnsOf(change).filter(
    (column) => !change.columns.some(({ from }) => from.name === column),
  );
  const { rows } = await database.query<{ name: string }>(
    `
    select name from unnest($2::text[]) as name
    where not exists (
      select from pg_catalog.pg_attribute where attrelid = to_regclass($1) and attname = name and not attisdropped
    )`,
    [changeNamesOf(change).table, wanted],
  );
  return rows.map(({ name }) => name);
}
