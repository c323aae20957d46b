import type { ChangedColumn } from '../change/changed-column.ts';
import { OnlineMigrationError } from '../change/online-migration-error.ts';

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
