import { type ChangedColumn, changedColumnsOf, isRename } from '../change/changed-column.ts';
import type { ColumnChange } from '../change/column-change.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { isOfType, typeValues } from '../change/declared-type.ts';
import { sqlState, SQLSTATE } from '../postgres/database-error.ts';
import { unquoted } from '../sync/filled-column.ts';
import { changeNamesOf, namesOf, PACKAGE_SCHEMA, syncFunctionName } from '../change/names.ts';
import { readLockHolds } from './lock-holds.ts';
import { readRecordedChanges } from './recorded-changes.ts';
import { readRenameShape } from './rename-shape.ts';
import {
  ColumnMissingError,
  SchemaNotGrantedError,
  TableNotReadyError,
  TypeUnknownError,
} from './shape-errors.ts';

/** The statement casts the declared type; the tables that it reads always exist. */
const NO_TYPE: ReadonlySet<string> = new Set([
  SQLSTATE.undefinedObject,
  SQLSTATE.undefinedSchema,
  SQLSTATE.syntaxError,
]);

/**
 * Which of the two columns exist, and in which state. A change of several columns has one shape, because each phase alters
 * all of them in one transaction.
 */
export interface TableShape {
  /** A column under the old column's name. `isFilled`: it has a value in every row. */
  readonly oldColumn: { readonly isFilled: boolean } | null;
  /**
   * The new column under its interim name; null also if a column of this name is not from the change. `isEnforced`:
   * the catalog guarantees a value in every row.
   */
  readonly newColumn: { readonly isEnforced: boolean } | null;
  /** Whether the column has its final name and its final type: the change is over. */
  readonly isRenamed: boolean;
}

interface CatalogRow {
  table_exists: boolean;
  old_is_filled: boolean | null;
  old_is_new_type: boolean | null;
  new_is_enforced: boolean | null;
  is_under_way: boolean;
  old_may_be_dropped: boolean;
  record: RecordAccess;
}

/** Whether the session's role can read the records of the changes; `absent` if their table does not exist. */
type RecordAccess = 'readable' | 'closed' | 'absent';

/**
 * Reads the current shape of a change's table from the catalog, in one statement and so in one snapshot. It needs no
 * rights.
 *
 * A column under the new column's name may be the user's own. The sync function shows that it is from the change:
 * one transaction creates both, and one transaction drops the function with one of the two columns. Only if the
 * function does not exist, the records of the changes are read too. A renamed change has a record, but no column under
 * the interim name.
 * @throws TableNotReadyError if the table does not exist
 * @throws ColumnMissingError if it has neither column
 * @throws TypeUnknownError if the new type does not exist
 * @throws SchemaNotGrantedError if the role may not use the schema of either
 */
export async function readTableShape(database: Queryable, change: ColumnChange): Promise<TableShape> {
  const [first, ...others] = changedColumnsOf(change);
  return isRename(change)
    ? shapeOfRename(database, first)
    : shapeOfConversion(database, change, [first, ...others]);
}

/** The one column of a rename has no interim name, and a value in every row that had one. */
async function shapeOfRename(database: Queryable, change: ChangedColumn): Promise<TableShape> {
  const { table } = namesOf(change);
  const shape = await readRenameShape(database, change).catch((error: unknown) => {
    if (sqlState(error) === SQLSTATE.insufficientPrivilege)
      throw new SchemaNotGrantedError(table, error as Error);
    throw error;
  });
  const { tableExists, hasOldName, hasNewName, isRenamed } = shape;
  if (!tableExists) throw new TableNotReadyError(table);
  if (!hasOldName && !hasNewName) throw new ColumnMissingError(change, false);
  return { oldColumn: isRenamed ? null : { isFilled: true }, newColumn: null, isRenamed };
}

async function shapeOfConversion(
  database: Queryable,
  change: ColumnChange,
  columns: readonly ChangedColumn[],
): Promise<TableShape> {
  const { table } = changeNamesOf(change);
  const names = columns.map((column) => namesOf(column));
  const types = columns.map(({ newColumn }) => typeValues(newColumn.type));
  // In PostgreSQL 18, a not-null constraint sets attnotnull even if it is not validated.
  const reading = database.query<CatalogRow>(
    `
    with shape as (
      select a.attname, a.attnum, a.atttypid, a.atttypmod,
        a.attnotnull and not exists (
          select from pg_catalog.pg_constraint c
          where c.conrelid = a.attrelid and c.contype = 'n' and c.conkey = array[a.attnum] and not c.convalidated
        ) as not_null
      from pg_catalog.pg_attribute a
      where a.attrelid = to_regclass($1) and a.attnum > 0 and not a.attisdropped
    ), mark as (
      select conname from pg_catalog.pg_constraint where conrelid = to_regclass($1) and contype = 'c'
    )
    select
      to_regclass($1) is not null as table_exists,
      (
        select case when w.nullable then not exists (select from mark where conname = w.filling_check) else not_null end
        from shape where attname = w.old_name
      ) as old_is_filled,
      (
        select ${isOfType('shape', 'w.type', 'w.modifier')}
        from shape where attname = w.old_name
      ) as old_is_new_type,
      (
        select case when w.nullable then exists (select from mark where conname = w.enforced_check) else not_null end
        from shape where attname = w.new_name
      ) as new_is_enforced,
      exists (
        select from pg_catalog.pg_proc p
        join pg_catalog.pg_namespace n on n.oid = p.pronamespace
        where n.nspname = $9 and p.proname = w.sync_function
      ) as is_under_way,
      exists (
        select from pg_catalog.pg_attribute dropped
        join shape on shape.attname = w.new_name and dropped.attnum < shape.attnum
        where dropped.attrelid = to_regclass($1) and dropped.attnum > 0 and dropped.attisdropped
      ) as old_may_be_dropped,
      coalesce((
        select case
          when has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select') then 'readable' else 'closed'
        end
        from pg_catalog.pg_class c
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where n.nspname = $9 and c.relname = 'change'
      ), 'absent') as record
    from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::text[], $8::text[], $10::text[]) with ordinality
      as w (old_name, new_name, type, modifier, nullable, enforced_check, filling_check, sync_function, place)
    order by w.place`,
    [
      table,
      columns.map(({ oldColumn }) => oldColumn.name),
      columns.map(({ newColumn }) => newColumn.name),
      types.map(([type]) => type),
      types.map(([, modifier]) => modifier),
      columns.map(({ nullable }) => nullable === true),
      names.map(({ enforcedCheck }) => unquoted(enforcedCheck)),
      names.map(({ fillingCheck }) => unquoted(fillingCheck)),
      PACKAGE_SCHEMA,
      names.map(({ record }) => syncFunctionName(record)),
    ],
  );
  const { rows } = await reading.catch(async (error: unknown) => {
    const state = sqlState(error) ?? '';
    if (NO_TYPE.has(state)) throw await typeUnknown(database, columns, error as Error);
    if (state === SQLSTATE.insufficientPrivilege) throw new SchemaNotGrantedError(table, error as Error);
    throw error;
  });
  if (!rows[0]?.table_exists) throw new TableNotReadyError(table);
  const shapes: TableShape[] = [];
  for (const [place, row] of rows.entries()) shapes.push(await shapeOfColumn(database, columns[place]!, row));
  return combined(shapes);
}

async function shapeOfColumn(
  database: Queryable,
  change: ChangedColumn,
  row: CatalogRow,
): Promise<TableShape> {
  const oldColumn = row.old_is_filled === null ? null : { isFilled: row.old_is_filled };
  const oldIsNewType = row.old_is_new_type === true;
  const newNameExists = row.new_is_enforced !== null;
  const newIsOwn =
    newNameExists &&
    (oldColumn === null
      ? await hasReplacedOld(database, change, row)
      : row.is_under_way ||
        (!oldIsNewType && row.record === 'readable' && (await readIsRecorded(database, change)) === true));
  if (oldColumn === null && !newIsOwn) throw new ColumnMissingError(change, newNameExists);
  const newColumn = newIsOwn ? { isEnforced: row.new_is_enforced === true } : null;
  return { oldColumn, newColumn, isRenamed: newColumn === null && oldIsNewType };
}

/** The shape of several columns. They differ only if somebody has altered one of them by hand. */
function combined(shapes: readonly TableShape[]): TableShape {
  return {
    oldColumn: shapes.every(({ oldColumn }) => oldColumn === null)
      ? null
      : { isFilled: shapes.every(({ oldColumn }) => oldColumn?.isFilled === true) },
    newColumn: shapes.some(({ newColumn }) => newColumn === null)
      ? null
      : { isEnforced: shapes.every(({ newColumn }) => newColumn?.isEnforced === true) },
    isRenamed: shapes.every(({ isRenamed }) => isRenamed),
  };
}

/** The error for the first column whose new type the server refuses. */
async function typeUnknown(
  database: Queryable,
  columns: readonly ChangedColumn[],
  cause: Error,
): Promise<TypeUnknownError> {
  for (const column of columns.slice(0, -1)) {
    const [type] = typeValues(column.newColumn.type);
    try {
      await database.query(`select $1::text::regtype`, [type]);
    } catch (error) {
      if (NO_TYPE.has(sqlState(error) ?? '')) return new TypeUnknownError(column, error as Error);
      throw error;
    }
  }
  return new TypeUnknownError(columns.at(-1)!, cause);
}

/**
 * Whether the new column has taken the place of an old column that does not exist: contract dropped it, and the
 * declaration does not just misspell it. The change is recorded then. An early version recorded only its lock holds.
 *
 * If the records are lost, an application must still find its column, so a dropped column of any name is enough. If the
 * role may not read the records, the catalog is believed.
 */
async function hasReplacedOld(database: Queryable, change: ChangedColumn, row: CatalogRow): Promise<boolean> {
  if (row.record === 'closed') return true;
  if (row.record === 'absent') return row.old_may_be_dropped;
  return (await readIsRecorded(database, change)) ?? (await readLockHolds(database, change)).length > 0;
}

/** Whether the record of the change names both columns; undefined if there is no record. */
async function readIsRecorded(database: Queryable, change: ChangedColumn): Promise<boolean | undefined> {
  const { change: name } = namesOf(change);
  const recorded = (await readRecordedChanges(database)).find((one) => one.name === name);
  return recorded?.columns.some(
    ({ oldColumn, newColumn }) => oldColumn === change.oldColumn.name && newColumn === change.newColumn.name,
  );
}
