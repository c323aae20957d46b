import { type ChangedColumn, changedColumnsOf } from '../change/changed-column.ts';
import type { ColumnChange } from '../change/column-change.ts';
import { changeNamesOf, namesOf } from '../change/names.ts';
import type { Session } from '../postgres/session.ts';

/** A row whose old value has no faithful new value, in one column. */
export interface Reject {
  readonly key: string;
  readonly rawValue: string;
}

/** A query that lists all current rejects of a column, for people to run. */
export function rejectQuery(change: ChangedColumn): string {
  const { table, key, oldColumn, newColumn } = namesOf(change);
  const columns = [...new Set([...key.columns, oldColumn])].join(', ');
  return `select ${columns} from ${table} where ${newColumn} is null and ${oldColumn} is not null`;
}

/**
 * Counts the rows that are rejects in at least one column of a change. The backfill has recorded each that it found; some may have
 * been corrected since. Without a record, it does not read the table.
 */
export async function countRejects(session: Session, change: ColumnChange): Promise<number> {
  const columns = changedColumnsOf(change).map((column) => namesOf(column));
  const conditions = columns.map(
    ({ oldColumn, newColumn }) => `${newColumn} is null and ${oldColumn} is not null`,
  );
  const { rows } = await session.withoutStatementTimeout(() =>
    session.query<{ count: string }>(
      `
      select case when exists (select from online_migration.reject where change = any ($1)) then (
        select count(*) from ${changeNamesOf(change).table} where ${conditions.join(' or ')}
      ) else 0 end as count`,
      [columns.map(({ record }) => record)],
    ),
  );
  return Number(rows[0]!.count);
}

/** Counts the rejects of a column and reads the first of them, by key. */
export async function findRejects(
  session: Session,
  change: ChangedColumn,
  limit: number,
): Promise<{ total: number; first: Reject[] }> {
  const counted = await session.withoutStatementTimeout(() =>
    session.query<{ count: string }>(`select count(*) as count from (${rejectQuery(change)}) as reject`),
  );
  const total = Number(counted.rows[0]?.count);
  if (total === 0) return { total, first: [] };
  const { table, key, oldColumn, newColumn } = namesOf(change);
  const first = await session.withoutStatementTimeout(() =>
    session.query<{ key: string; raw_value: string }>(
      `
    select ${key.text('t')} as key, t.${oldColumn}::text as raw_value
    from ${table} t
    where t.${newColumn} is null and t.${oldColumn} is not null
    order by ${key.list('t')}
    limit $1`,
      [limit],
    ),
  );
  return { total, first: first.rows.map((row) => ({ key: row.key, rawValue: row.raw_value })) };
}

/** Forgets the rejects of a change that has none any more. */
export async function forgetRejects(session: Session, change: ColumnChange): Promise<void> {
  const records = changedColumnsOf(change).map((column) => namesOf(column).record);
  await session.withoutStatementTimeout(() =>
    session.query(`delete from online_migration.reject where change = any ($1)`, [records]),
  );
}

/** Replaces the rejects of a column in the package's table by the current ones. */
export async function recordRejects(session: Session, change: ChangedColumn): Promise<void> {
  const { record, table, key, oldColumn, newColumn } = namesOf(change);
  await session.withoutStatementTimeout(() =>
    session.query(
      `
    with corrected as (
      delete from online_migration.reject as r
      where r.change = $1
        and not exists (select from ${table} t where ${key.text('t')} = r.key and t.${newColumn} is null)
    )
    insert into online_migration.reject (change, key, raw_value, reason)
    select $1, ${key.text('t')}, ${oldColumn}::text, $2
    from ${table} t
    where ${newColumn} is null and ${oldColumn} is not null
    on conflict (change, key) do update
    set raw_value = excluded.raw_value, found_at = now()`,
      [record, `no equal value of type ${change.newColumn.type}`],
    ),
  );
}
