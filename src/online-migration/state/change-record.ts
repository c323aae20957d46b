import { changedColumnsOf, keyColumnsOf } from '../change/changed-column.ts';
import type { ColumnChange } from '../change/column-change.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { changeNamesOf, recordsOf } from '../change/names.ts';
import { packageTableExists } from './package-table.ts';
import type { Ledger } from './recorded-changes.ts';

/*
 * The record of a change, in `online_migration.change` and `change_column`. Expand creates it, and revert expand
 * deletes it. It exists as long as the kept values may be needed, so if it is missing, they are gone.
 */

/**
 * Records a change under way, or updates its record from the declaration.
 * @param database has a transaction open
 * @param ledger the ledger of its phases
 */
export async function recordChange(database: Queryable, change: ColumnChange, ledger: Ledger): Promise<void> {
  const { table } = change;
  const { change: name, table: quotedTable } = changeNamesOf(change);
  await database.query(
    `
    insert into online_migration.change (name, table_schema, table_name, ledger, table_oid, key_columns, key_numbers)
    values ($1, $2, $3, $4, to_regclass($5), $6, array(
      select a.attnum::integer
      from unnest($6::text[]) with ordinality as k (name, place)
      left join pg_catalog.pg_attribute a on a.attrelid = to_regclass($5) and a.attname = k.name and not a.attisdropped
      order by k.place
    ))
    on conflict (name) do update
    set table_schema = excluded.table_schema, table_name = excluded.table_name, ledger = excluded.ledger,
      table_oid = excluded.table_oid, key_columns = excluded.key_columns, key_numbers = excluded.key_numbers`,
    [name, table.schema, table.name, ledger, quotedTable, keyColumnsOf(change)],
  );
  const columns = changedColumnsOf(change);
  // The record of a change whose table was dropped may have had more columns.
  await database.query(`delete from online_migration.change_column where change = $1 and position > $2`, [
    name,
    columns.length,
  ]);
  await database.query(
    `
    insert into online_migration.change_column (change, position, old_column, new_column, old_type, new_type)
    select $1, c.position, c.old_column, c.new_column, c.old_type, c.new_type
    from unnest($2::text[], $3::text[], $4::text[], $5::text[])
      with ordinality as c (old_column, new_column, old_type, new_type, position)
    on conflict (change, position) do update
    set old_column = excluded.old_column, new_column = excluded.new_column, old_type = excluded.old_type,
      new_type = excluded.new_type`,
    [
      name,
      columns.map(({ oldColumn }) => oldColumn.name),
      columns.map(({ newColumn }) => newColumn.name),
      columns.map(({ oldColumn }) => oldColumn.type),
      columns.map(({ newColumn }) => newColumn.type),
    ],
  );
}

/** Records whether contract has kept old values that its revert needs. It reads at most one row. */
export async function recordKeptValues(database: Queryable, change: ColumnChange): Promise<void> {
  await database.query(
    `
    update online_migration.change c
    set has_kept_values = exists (select from online_migration.kept_value k where k.change = any ($2))
    where c.name = $1`,
    [changeNamesOf(change).change, recordsOf(change)],
  );
}

/**
 * The old values that contract kept for its revert:
 * - `there`: complete, possibly empty.
 * - `gone`: the record of the change or the values were deleted.
 * - `unknown`: an early version of the package, which recorded only lock holds, ran contract.
 */
export type KeptValues = 'there' | 'gone' | 'unknown';

/** Reads whether the kept old values still exist. */
export async function findKeptValues(database: Queryable, change: ColumnChange): Promise<KeptValues> {
  const { rows: tables } = await database.query<{ has_values: boolean; has_records: boolean }>(`
    select ${packageTableExists('kept_value')} as has_values,
      ${packageTableExists('change')} as has_records`);
  const { has_values: hasValues, has_records: hasRecords } = tables[0]!;
  if (!hasValues) return 'gone';
  if (!hasRecords) return 'unknown';
  const { rows } = await database.query<{ found: KeptValues }>(
    `
    select case
      when exists (select from online_migration.kept_value k where k.change = any ($2)) or not c.has_kept_values then 'there'
      when c.name is null and exists (select from online_migration.lock_hold h where h.change = wanted.name) then 'unknown'
      else 'gone'
    end as found
    from (values ($1)) as wanted (name)
    left join online_migration.change c using (name)`,
    [changeNamesOf(change).change, recordsOf(change)],
  );
  return rows[0]!.found;
}

/**
 * Whether old values are kept under the record of a column. Before expand, they belong to an earlier change.
 * @param record as in `Names`
 */
export async function hasKeptValues(database: Queryable, record: string): Promise<boolean> {
  const { rows } = await database.query<{ found: boolean }>(
    `select ${packageTableExists('kept_value')} as found`,
  );
  if (!rows[0]?.found) return false;
  const { rows: kept } = await database.query<{ found: boolean }>(
    `select exists (select from online_migration.kept_value where change = $1) as found`,
    [record],
  );
  return kept[0]!.found;
}

/**
 * Whether a change's table was dropped since its record was written. False if an earlier version wrote it. Before expand
 * only: a restored backup gives each table another OID.
 */
export async function isTableDropped(database: Queryable, changeName: string): Promise<boolean> {
  const { rows } = await database.query<{ found: boolean }>(
    `select ${packageTableExists('change')} as found`,
  );
  if (!rows[0]!.found) return false;
  const { rows: records } = await database.query<{ dropped: boolean }>(
    `
    select not exists (select from pg_catalog.pg_class t where t.oid = (to_jsonb(c) ->> 'table_oid')::oid) as dropped
    from online_migration.change c
    where c.name = $1 and to_jsonb(c) ->> 'table_oid' is not null`,
    [changeName],
  );
  return records[0]?.dropped ?? false;
}
