import type { Column, ColumnChange, Conversion } from './column-change.ts';
import { OnlineMigrationError } from './online-migration-error.ts';

/** One changed column with the table, the key and the name of its change: what the SQL of a change is built from. */
export interface ChangedColumn extends Omit<ColumnChange, 'columns'> {
  readonly oldColumn: Column;
  readonly newColumn: Column;
  readonly conversion: Conversion;
  readonly nullable?: boolean;
  readonly index?: boolean;
}

/** A declaration that cannot be carried out as it is written. */
export class DeclarationError extends OnlineMigrationError {
  override readonly name = 'DeclarationError';
}

/**
 * The column that a change declares.
 * @throws DeclarationError unless the change has exactly one column
 */
export function changedColumnOf({ columns, ...change }: ColumnChange): ChangedColumn {
  const [pair, ...others] = columns;
  if (pair === undefined || others.length > 0) {
    throw new DeclarationError(
      'COLUMN_COUNT',
      `The change of ${change.table.schema}.${change.table.name} declares ${columns.length} columns: declare exactly one in ` +
        `\`columns\`, and a change of its own for each further column.`,
      { table: `${change.table.schema}.${change.table.name}`, columns: columns.length },
    );
  }
  const { from, to, ...options } = pair;
  return { ...change, oldColumn: from, newColumn: to, ...options };
}

/** Whether every value of the new type that the application writes reaches the old column. */
export function isReversible({ conversion }: Pick<ChangedColumn, 'conversion'>): boolean {
  return conversion.backward !== 'not reversible';
}

/** The columns by which a row is identified until contract. */
export function keyColumnsOf({ key }: Pick<ChangedColumn, 'key'>): readonly string[] {
  return typeof key === 'string' ? [key] : key;
}
