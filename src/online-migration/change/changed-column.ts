import type { Column, ColumnChange, ColumnPair, Conversion } from './column-change.ts';
import { assertDeclaration, DeclarationError } from './declaration-check.ts';

/** One column of a change, with the whole declaration: the input for the SQL of this column. */
export interface ChangedColumn extends ColumnChange, Omit<ColumnPair, 'from' | 'to'> {
  readonly oldColumn: Column;
  readonly newColumn: Column;
}

/** How a declaration calls the two columns, for errors. */
export const DECLARED_AS = { oldColumn: 'from', newColumn: 'to' } as const;

/** The columns of a change; at least one. */
export type ChangedColumns = readonly [ChangedColumn, ...ChangedColumn[]];

/** A declaration is checked once. A column stands for the change of which it is a part. */
const CHECKED = new WeakMap<ColumnChange, ChangedColumns>();

/**
 * The columns of a change, in the order of the declaration.
 * @param declared the change, or one of its columns
 * @throws DeclarationError if the declaration is malformed or has no column
 */
export function changedColumnsOf(declared: ColumnChange): ChangedColumns {
  const checked = CHECKED.get(declared);
  if (checked !== undefined) return checked;
  assertDeclaration(declared);
  const [first, ...others] = declared.columns.map((pair) => changedColumn(declared, pair));
  if (first === undefined) {
    const table = `${declared.table.schema}.${declared.table.name}`;
    throw new DeclarationError(
      'COLUMN_COUNT',
      `The change of ${table} declares no column: declare at least one in \`columns\`.`,
      { table, columns: 0 },
    );
  }
  const columns: ChangedColumns = [first, ...others];
  for (const one of [declared, ...columns]) CHECKED.set(one, columns);
  return columns;
}

function changedColumn(declared: ColumnChange, pair: ColumnPair): ChangedColumn {
  const { from, to, ...options } = pair;
  // A rename keeps the type, however the declaration spells it the second time.
  const newColumn = isRename({ columns: [pair] }) ? { ...to, type: from.type } : to;
  return { ...declared, oldColumn: from, newColumn, ...options };
}

/** Whether the change is only a rename: its column gets another name, and keeps its type and its values. */
export function isRename({ columns }: Pick<ColumnChange, 'columns'>): boolean {
  return columns.every(({ conversion }) => conversion === undefined);
}

/** The name of the column when the change is over. */
export function finalNameOf(column: Pick<ChangedColumn, 'columns' | 'oldColumn' | 'newColumn'>): string {
  return isRename(column) ? column.newColumn.name : column.oldColumn.name;
}

/**
 * The conversion of a column.
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
export function isReversible({ conversion }: Pick<ColumnPair, 'conversion'>): boolean {
  return conversion?.backward !== 'not reversible';
}

/** Whether contract can be reverted: every column of the change is reversible. */
export function hasWayBack({ columns }: Pick<ColumnChange, 'columns'>): boolean {
  return columns.every(isReversible);
}

/** The columns that identify a row until contract. */
export function keyColumnsOf({ key }: Pick<ColumnChange, 'key'>): readonly string[] {
  return typeof key === 'string' ? [key] : key;
}
