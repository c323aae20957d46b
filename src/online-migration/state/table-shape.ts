import { type ChangedColumn, isRename } from '../change/changed-column.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { isOfType, typeValues } from '../change/declared-type.ts';
import { sqlState, SQLSTATE } from '../postgres/database-error.ts';
import { unquoted } from '../sync/filled-column.ts';
import { namesOf, PACKAGE_SCHEMA, syncFunctionName } from '../change/names.ts';
import { OnlineMigrationError } from '../change/online-migration-error.ts';
import { readLockHolds } from './lock-holds.ts';
import { readRecordedChanges } from './recorded-changes.ts';
import { readRenameShape } from './rename-shape.ts';

/** The statement casts the declared type; the tables that it reads always exist. */
const NO_TYPE: ReadonlySet<string> = new Set([
  SQLSTATE.undefinedObject,
  SQLSTATE.undefinedSchema,
  SQLSTATE.syntaxError,
]);

/** The table of a column change does not exist: the first migration has not run, or was reverted. */
export class TableNotReadyError extends OnlineMigrationError {
  override readonly name = 'TableNotReadyError';

  /** @param table schema and name of the table */
  constructor(table: string) {
    super(
      'TABLE_NOT_READY',
      `The table ${table} does not exist: run the migration that creates it against this database first.`,
      { table },
    );
  }
}

/** The table has neither of the two columns of its change. */
export class ColumnMissingError extends OnlineMigrationError {
  override readonly name = 'ColumnMissingError';

  /**
   * @param change the declared change
   * @param newNameIsForeign whether a column that is not from the change has the new column's name
   */
  constructor({ table, oldColumn, newColumn }: ChangedColumn, newNameIsForeign: boolean) {
    const relation = `${table.schema}.${table.name}`;
    super(
      'COLUMN_MISSING',
      newNameIsForeign
        ? `The table ${relation} has no column ${oldColumn.name}, and its column ${newColumn.name} is not from this change, which is ` +
            `not recorded: correct \`from.name\` in the declaration. If contract has dropped ${oldColumn.name}, restore the schema ` +
            `online_migration from a backup.`
        : `The table ${relation} has no column ${oldColumn.name}, nor ${newColumn.name}: ` +
            `correct the declaration of the column change, or run the migration that creates the column.`,
      { table: relation, columns: [oldColumn.name, newColumn.name] },
    );
  }
}

/** The new type of the change does not exist. */
export class TypeUnknownError extends OnlineMigrationError {
  override readonly name = 'TypeUnknownError';

  /** @param cause the error of the server */
  constructor({ newColumn: { type } }: ChangedColumn, cause: Error) {
    super(
      'TYPE_UNKNOWN',
      `\`to.type\` is ${type}, which is no type of this database: ${cause.message}. Correct it in the declaration of the ` +
        `column change, or create the type first.`,
      { property: 'to.type', type },
      { cause },
    );
  }
}

/** The role may not use the schema of the table or of the new type. */
export class SchemaNotGrantedError extends OnlineMigrationError {
  override readonly name = 'SchemaNotGrantedError';

  /** @param cause the error of the server */
  constructor(table: string, cause: Error) {
    super(
      'SCHEMA_NOT_GRANTED',
      `The table ${table} cannot be read: ${cause.message}. Grant USAGE on this schema to the role of the connection, ` +
        `or connect as another role.`,
      { table },
      { cause },
    );
  }
}

/** Which of the two columns exist, and in which state. */
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
export async function readTableShape(database: Queryable, change: ChangedColumn): Promise<TableShape> {
  return isRename(change) ? shapeOfRename(database, change) : shapeOfConversion(database, change);
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

async function shapeOfConversion(database: Queryable, change: ChangedColumn): Promise<TableShape> {
  const names = namesOf(change);
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
        select case when $6 then not exists (select from mark where conname = $8) else not_null end
        from shape where attname = $2
      ) as old_is_filled,
      (
        select ${isOfType('shape', '$4', '$5')}
        from shape where attname = $2
      ) as old_is_new_type,
      (
        select case when $6 then exists (select from mark where conname = $7) else not_null end
        from shape where attname = $3
      ) as new_is_enforced,
      exists (
        select from pg_catalog.pg_proc p
        join pg_catalog.pg_namespace n on n.oid = p.pronamespace
        where n.nspname = $9 and p.proname = $10
      ) as is_under_way,
      exists (
        select from pg_catalog.pg_attribute dropped
        join shape on shape.attname = $3 and dropped.attnum < shape.attnum
        where dropped.attrelid = to_regclass($1) and dropped.attnum > 0 and dropped.attisdropped
      ) as old_may_be_dropped,
      coalesce((
        select case
          when has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select') then 'readable' else 'closed'
        end
        from pg_catalog.pg_class c
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where n.nspname = $9 and c.relname = 'change'
      ), 'absent') as record`,
    [
      names.table,
      change.oldColumn.name,
      change.newColumn.name,
      ...typeValues(change.newColumn.type),
      change.nullable === true,
      unquoted(names.enforcedCheck),
      unquoted(names.fillingCheck),
      PACKAGE_SCHEMA,
      syncFunctionName(names.change),
    ],
  );
  const { rows } = await reading.catch((error: unknown) => {
    const state = sqlState(error) ?? '';
    if (NO_TYPE.has(state)) throw new TypeUnknownError(change, error as Error);
    if (state === SQLSTATE.insufficientPrivilege)
      throw new SchemaNotGrantedError(names.table, error as Error);
    throw error;
  });
  const row = rows[0];
  if (!row?.table_exists) throw new TableNotReadyError(names.table);
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
