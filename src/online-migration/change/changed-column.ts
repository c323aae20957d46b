import type { Column, ColumnChange, Conversion } from './column-change.ts';
import { assertDeclaration, DeclarationError } from './declaration-check.ts';

/** One changed column with its table, its key and the name of its change: the input for the SQL of a change. */
export interface ChangedColumn extends Omit<ColumnChange, 'columns'> {
  readonly oldColumn: Column;
  readonly newColumn: Column;
  /** Missing if the change is only a rename. */
  readonly conversion?: Conversion;
  readonly nullable?: boolean;
  readonly index?: boolean;
}

/** How a declaration calls the two columns, for errors. */
export const DECLARED_AS = { oldColumn: 'from', newColumn: 'to' } as const;

/**
 * The declared column of a change.
 * @throws DeclarationError if the declaration is malformed, or does not have exactly one column
 */
export function changedColumnOf(declared: ColumnChange): ChangedColumn {
  assertDeclaration(declared);
  const { columns, ...change } = declared;
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
  // A rename keeps the type, however the declaration spells it the second time.
  const newColumn = isRename(pair) ? { ...to, type: from.type } : to;
  return { ...change, oldColumn: from, newColumn, ...options };
}

/** Whether the change is only a rename: one column that gets another name, and keeps its type and its values. */
export function isRename({ conversion }: Pick<ChangedColumn, 'conversion'>): boolean {
  return conversion === undefined;
}

/** The name of the column when the change is over. */
export function finalNameOf(change: Pick<ChangedColumn, 'conversion' | 'oldColumn' | 'newColumn'>): string {
  return isRename(change) ? change.newColumn.name : change.oldColumn.name;
}

/**
 * The conversion of a change.
 * @throws DeclarationError if the change is only a rename: none of its phases converts
 */
export function conversionOf({ conversion, oldColumn }: ChangedColumn): Conversion {
  if (conversion !== undefined) return conversion;
  throw new DeclarationError(
    'CONVERSION_MISSING',
    `The change of ${oldColumn.name} is only a rename, and converts no values: its declaration has no \`conversion\`.`,
    { column: oldColumn.name },
  );
}

/** Whether every new value that the application writes reaches the old column. */
export function isReversible({ conversion }: Pick<ChangedColumn, 'conversion'>): boolean {
  return conversion?.backward !== 'not reversible';
}

/** The columns that identify a row until contract. */
export function keyColumnsOf({ key }: Pick<ChangedColumn, 'key'>): readonly string[] {
  return typeof key === 'string' ? [key] : key;
}
