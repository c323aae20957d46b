import type { ChangedColumn } from '../change/changed-column.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { isOfType, typeValues } from '../change/declared-type.ts';
import { sqlState, SQLSTATE } from '../postgres/database-error.ts';
import { unquoted } from '../sync/filled-column.ts';
import { namesOf } from '../change/names.ts';
import { OnlineMigrationError } from '../change/online-migration-error.ts';

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

  /** @param change the declared change */
  constructor({ table, oldColumn, newColumn }: ChangedColumn) {
    super(
      'COLUMN_MISSING',
      `The table ${table.schema}.${table.name} has no column ${oldColumn.name}, nor ${newColumn.name}: ` +
        `correct the declaration of the column change, or run the migration that creates the column.`,
      { table: `${table.schema}.${table.name}`, columns: [oldColumn.name, newColumn.name] },
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
  /**
   * A column under the old column's name. `isFilled`: it has a value in every row. `isNewType`: it already has the
   * new type, so it is the renamed column.
   */
  readonly oldColumn: { readonly isFilled: boolean; readonly isNewType: boolean } | null;
  /** A column under the new column's interim name. `isEnforced`: the catalog guarantees a value in every row. */
  readonly newColumn: { readonly isEnforced: boolean } | null;
}

interface CatalogRow {
  table_exists: boolean;
  old_is_filled: boolean | null;
  old_is_new_type: boolean | null;
  new_is_enforced: boolean | null;
}

/**
 * Reads the current shape of a change's table from the catalog, in one statement and so in one snapshot.
 * @throws TableNotReadyError if the table does not exist
 * @throws ColumnMissingError if it has neither column
 * @throws TypeUnknownError if the new type does not exist
 * @throws SchemaNotGrantedError if the role may not use the schema of either
 */
export async function readTableShape(database: Queryable, change: ChangedColumn): Promise<TableShape> {
  const names = namesOf(change);
  // In PostgreSQL 18, a not-null constraint sets attnotnull even if it is not validated.
  const reading = database.query<CatalogRow>(
    `
    with shape as (
      select a.attname, a.atttypid, a.atttypmod,
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
      ) as new_is_enforced`,
    [
      names.table,
      change.oldColumn.name,
      change.newColumn.name,
      ...typeValues(change.newColumn.type),
      change.nullable === true,
      unquoted(names.enforcedCheck),
      unquoted(names.fillingCheck),
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
  if (row.old_is_filled === null && row.new_is_enforced === null) throw new ColumnMissingError(change);
  return {
    oldColumn:
      row.old_is_filled === null
        ? null
        : { isFilled: row.old_is_filled, isNewType: row.old_is_new_type === true },
    newColumn: row.new_is_enforced === null ? null : { isEnforced: row.new_is_enforced },
  };
}
