import type {
  Column,
  ColumnChange,
  ColumnPair,
  Conversion,
} from '../../src/online-migration/change/column-change.ts';

/** A column's type, or its type and its default. */
type DeclaredColumn = string | Omit<Column, 'name'>;

/** The rest of a declaration, besides its table and column. */
export interface ChangeOptions
  extends
    Pick<ColumnPair, 'nullable' | 'index'>,
    Pick<ColumnChange, 'name' | 'firesInBackfill' | 'reviewed' | 'renameInContract'> {
  readonly from: DeclaredColumn;
  readonly to: DeclaredColumn;
  readonly conversion: Conversion;
  /** `id` by default. */
  readonly key?: ColumnChange['key'];
  /** `public` by default. */
  readonly schema?: string;
  /** The name of the new column; `<name>_new` by default. */
  readonly newColumn?: string;
}

/** The rest of the declaration of a rename; `text` and `public` by default. */
export type RenameOptions = Pick<ColumnChange, 'name' | 'reviewed'> & {
  readonly type?: string;
  readonly schema?: string;
};

/**
 * Declares the change of one column.
 * @param path the table and its old column, unquoted: `orders.total`; neither name may contain a dot
 */
export function changeOf(
  path: string,
  {
    from,
    to,
    conversion,
    nullable,
    index,
    key = 'id',
    schema = 'public',
    newColumn,
    ...options
  }: ChangeOptions,
): ColumnChange {
  const [table, column, ...rest] = path.split('.');
  if (!table || !column || rest.length > 0) throw new Error(`Not a table and a column: ${path}`);
  return {
    ...options,
    table: { schema, name: table },
    key,
    columns: [
      {
        from: { name: column, ...typeOf(from) },
        to: { name: newColumn ?? `${column}_new`, ...typeOf(to) },
        conversion,
        ...(nullable === undefined ? {} : { nullable }),
        ...(index === undefined ? {} : { index }),
      },
    ],
  };
}

/**
 * Declares a change that is only a rename.
 * @param path the table and its column, unquoted: `orders.note`
 * @param to the new name
 */
export function renameOf(
  path: string,
  to: string,
  { type = 'text', schema = 'public', ...options }: RenameOptions = {},
): ColumnChange {
  const [table, column, ...rest] = path.split('.');
  if (!table || !column || rest.length > 0) throw new Error(`Not a table and a column: ${path}`);
  return {
    ...options,
    table: { schema, name: table },
    key: 'id',
    columns: [{ from: { name: column, type }, to: { name: to, type } }],
  };
}

function typeOf(column: DeclaredColumn): Omit<Column, 'name'> {
  return typeof column === 'string' ? { type: column } : column;
}
