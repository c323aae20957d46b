import { type ChangedColumn, changedColumnsOf, isReversible } from '../change/changed-column.ts';
import type { ColumnChange } from '../change/column-change.ts';
import { namesOf } from '../change/names.ts';
import { areDifferent, areUnequal } from '../change/value-difference.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { type KeySpan, spanConditions, spanValues } from './key-spans.ts';

/** A condition on two values: the old one cannot be rebuilt from the new one. */
export function isUnrebuildable(column: ChangedColumn, oldValue: string, newValue: string): string {
  return isReversible(column)
    ? areDifferent(column.oldColumn.type, `${namesOf(column).backward}(${newValue})`, oldValue)
    : 'false';
}

/**
 * Keeps the old values of a column in a batch that cannot be rebuilt from the new ones, with the rows locked. A write of
 * the same row comes either before the lock, and is seen here, or after it; then the trigger replaces the record made
 * here.
 */
export async function keepUnrebuildable(
  database: Queryable,
  column: ChangedColumn,
  span: KeySpan,
): Promise<void> {
  const { record, table, key, lastingKey, oldColumn, newColumn, forwardInBulk } = namesOf(column);
  const bounds = spanConditions(key, span, 2);
  await database.query(
    `
    with to_keep as materialized (
      select ${lastingKey.text('t')} as key, t.${oldColumn}::text as raw_value
      from ${table} t
      where ${bounds.map((bound) => `${bound} and `).join('')}${isUnrebuildable(column, `t.${oldColumn}`, `t.${newColumn}`)}
        and not (${areUnequal(column.newColumn.type, `${forwardInBulk}(t.${oldColumn})`, `t.${newColumn}`)})
      for no key update
    )
    insert into online_migration.kept_value (change, key, raw_value)
    select $1, key, raw_value
    from to_keep
    on conflict (change, key) do update set raw_value = excluded.raw_value`,
    [record, ...spanValues(span)],
  );
}

/** Deletes the values that an earlier contract kept, because the rows have their old columns again. */
export async function forgetKeptValues(database: Queryable, change: ColumnChange): Promise<void> {
  await database.query(`delete from online_migration.kept_value where change = any ($1)`, [
    changedColumnsOf(change).map((column) => namesOf(column).record),
  ]);
}
