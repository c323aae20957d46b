import type { ChangedColumn } from '../change/changed-column.ts';
import { namesOf, PACKAGE_SCHEMA } from '../change/names.ts';
import type { Queryable } from '../postgres/queryable.ts';

/** Which of the two names of a rename the table has. */
export interface RenameShape {
  readonly tableExists: boolean;
  readonly hasOldName: boolean;
  readonly hasNewName: boolean;
  /**
   * Whether the rename has been carried out. If the table has both names, one of the columns is not from the change.
   * The record of the rename shows which one; if the role may not read it, the catalog is believed.
   */
  readonly isRenamed: boolean;
}

/** Reads the current shape of the table of a change that is only a rename. It needs no rights. */
export async function readRenameShape(database: Queryable, change: ChangedColumn): Promise<RenameShape> {
  const names = namesOf(change);
  const { rows } = await database.query<Omit<RenameShape, 'isRenamed'> & { canReadRecord: boolean }>(
    `
    with name as (
      select attname from pg_catalog.pg_attribute
      where attrelid = to_regclass($1) and attnum > 0 and not attisdropped
    )
    select to_regclass($1) is not null as "tableExists",
      exists (select from name where attname = $2) as "hasOldName",
      exists (select from name where attname = $3) as "hasNewName",
      coalesce((
        select has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select')
        from pg_catalog.pg_class c
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where n.nspname = $4 and c.relname = 'change_column'
      ), false) as "canReadRecord"`,
    [names.table, change.oldColumn.name, change.newColumn.name, PACKAGE_SCHEMA],
  );
  const { canReadRecord, ...shape } = rows[0]!;
  const { hasOldName, hasNewName } = shape;
  const isRenamed = hasNewName && (!hasOldName || (canReadRecord && (await isRecorded(database, change))));
  return { ...shape, isRenamed };
}

/** Whether the record of the change names both columns. A rename has a record as long as it is carried out. */
async function isRecorded(database: Queryable, change: ChangedColumn): Promise<boolean> {
  const { rows } = await database.query<{ found: boolean }>(
    `
    select exists (
      select from online_migration.change_column where change = $1 and old_column = $2 and new_column = $3
    ) as found`,
    [namesOf(change).change, change.oldColumn.name, change.newColumn.name],
  );
  return rows[0]!.found;
}
