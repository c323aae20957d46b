import type { ColumnChange } from '../change/column-change.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { changeNamesOf } from '../change/names.ts';

/** The catalog's description of a table, in SQL. */
export interface TableCatalog {
  /** `created_at character varying(50) not null`, in the order of the table. */
  readonly columns: readonly string[];
  /** Names of the triggers and the checks. The phases add and drop those of the package. */
  readonly triggers: readonly string[];
  readonly checks: readonly string[];
}

/** Reads the catalog of a change's table; it takes no lock on the table. */
export async function readTableCatalog(database: Queryable, change: ColumnChange): Promise<TableCatalog> {
  const { rows } = await database.query<TableCatalog>(
    `
    select
      array(
        select format('%I %s', attname, format_type(atttypid, atttypmod)) || case when attnotnull then ' not null' else '' end
        from pg_catalog.pg_attribute
        where attrelid = to_regclass($1) and attnum > 0 and not attisdropped
        order by attnum
      ) as columns,
      array(
        select tgname::text from pg_catalog.pg_trigger
        where tgrelid = to_regclass($1) and not tgisinternal
        order by tgname
      ) as triggers,
      array(
        select conname::text from pg_catalog.pg_constraint
        where conrelid = to_regclass($1) and contype = 'c'
        order by conname
      ) as checks`,
    [changeNamesOf(change).table],
  );
  return rows[0] ?? { columns: [], triggers: [], checks: [] };
}
