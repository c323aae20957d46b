import type { Column, ColumnChange, Conversion } from './column-change.ts';
import { OnlineMigrationError } from './online-migration-error.ts';

/** One changed column with its table, its key and the name of its change: the input for the SQL of a change. */
export interface ChangedColumn extends Omit<ColumnChange, 'columns'> {
  readonly oldColumn: Column;
  readonly newColumn: Column;
  readonly conversion: Conversion;
  readonly nullable?: boolean;
  readonly index?: boolean;
}

/** How a declaration calls the two columns, for errors. */
export const DECLARED_AS = { oldColumn: 'from', newColumn: 'to' } as const;

/** A declaration that cannot work as written. */
export class DeclarationError extends OnlineMigrationError {
  override readonly name = 'DeclarationError';
}

/**
 * The declared column of a change.
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

/** Whether every new value that the application writes reaches the old column. */
export function isReversible({ conversion }: Pick<ChangedColumn, 'conversion'>): boolean {
  return conversion.backward !== 'not reversible';
}

/** The columns that identify a row until contract. */
export function keyColumnsOf({ key }: Pick<ChangedColumn, 'key'>): readonly string[] {
  return typeof key === 'string' ? [key] : key;
}
