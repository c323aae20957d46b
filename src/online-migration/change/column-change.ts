/** A column as SQL declares it. */
export interface Column {
  /** Its name in the catalog, unquoted. */
  readonly name: string;
  /** Its type as `create table` accepts it: `varchar(50)`, `timestamptz`, `public.mood`. */
  readonly type: string;
  /**
   * Its default, as in the catalog: `'new'::text`, `now()`. If the old column has a default, declare both. A sequence
   * or an identity is not a default: it is carried over without a declaration.
   */
  readonly default?: string;
  /**
   * Conditions of the table's checks on the column, by the name of the check: `{ orders_total_check: "total <> ''" }`. Only
   * for checks whose condition does not fit the other type; declare them for both columns. Both conditions call the column
   * by the name of the old one. All other checks are carried over without a declaration.
   */
  readonly checks?: Readonly<Record<string, string>>;
  /**
   * Expressions of the table's virtual generated columns that use the column, by their names: `{ doubled: "total * 2" }`. Only for
   * expressions that do not fit the other type; declare them for both columns, with the name of the old one. All other virtual
   * columns are carried over without a declaration.
   */
  readonly generated?: Readonly<Record<string, string>>;
}

/**
 * How values are converted between two types. Each function gets an SQL expression of one type and returns an SQL expression of
 * the other, which is null if no faithful value exists. The expressions must not raise errors and must not depend on the
 * settings of a session (TimeZone, DateStyle, search_path).
 */
export interface Conversion {
  /** Old type to new type; null makes the row a reject. */
  readonly forward: (value: string) => string;
  /**
   * The same as `forward`, for statements that convert thousands of values: cheaper for each value, possibly with a
   * higher cost at the start, such as hashing a list. By default, `forward` serves both.
   */
  readonly forwardInBulk?: (value: string) => string;
  /**
   * New type to old type; null makes the write fail. `not reversible` if no conversion exists: a row that is
   * written through the new column then loses its old value, and contract cannot be reverted.
   */
  readonly backward: ((value: string) => string) | 'not reversible';
  /**
   * Whether `forward` always leads from the result of `backward` to the value that it came from. Then a row whose old value is
   * the result of `backward` is equal, and the proofs do not convert it forward; false by default.
   */
  readonly isInvertible?: boolean;
  /** The oldest major version of PostgreSQL that has the functions used; 14 by default. */
  readonly serverVersion?: number;
}

/**
 * One column of a change: the original column and its replacement. Without a conversion, it is the same column with
 * another name: the change is only a rename.
 */
export interface ColumnPair {
  /** The old column. Rename gives its name to the new one, unless the change is only a rename. */
  readonly from: Column;
  /** The new column, with its interim name until the rename phase. If the change is only a rename: its final name. */
  readonly to: Column;
  /** Missing if the change is only a rename. Both columns have the same type then. */
  readonly conversion?: Conversion;
  /** Whether a row may be without a value, before and after the change; false by default. */
  readonly nullable?: boolean;
  /**
   * Whether the new column gets an index that the old one does not have. It is built at the end of the backfill,
   * without blocking reads and writes; false by default. Indexes of the old column are carried over without a
   * declaration.
   */
  readonly index?: boolean;
}

/** The declaration of a change: everything that the package knows about the table. */
export interface ColumnChange {
  /**
   * Identifies the change in logs, on the command line and in the package's tables. By default
   * `<schema>.<table>.<column>`, with a comma between several columns; a second change of the same column needs another name.
   */
  readonly name?: string;
  /** The table with its schema, both as in the catalog, unquoted. */
  readonly table: { readonly schema: string; readonly name: string };
  /**
   * The column or columns that identify a row: the primary key, or others that are unique and never null. `[]` for a table
   * without a unique key. Rejects and kept texts are recorded under it.
   */
  readonly key: string | readonly string[];
  /**
   * The columns that change. Several columns share the phases, the backfill, the proof and the switchover. A column that only
   * gets another name is a change of its own.
   */
  readonly columns: readonly ColumnPair[];
  /**
   * Names of the table's own triggers that may fire for each row that a backfill updates; by default none may.
   * `session_replication_role` disables all others; expand is refused if the role may not set it. While another
   * trigger is disabled, a declared one fires only if it is ENABLE ALWAYS.
   */
  readonly firesInBackfill?: readonly string[];
  /**
   * Functions, triggers, publications and subscriptions that a person has reviewed because the catalog cannot show
   * their use; each by its name in expand's refusal.
   */
  readonly reviewed?: readonly string[];
  /**
   * Whether contract also gives the new column the old column's name, in the transaction that drops the old one; false
   * by default. For programs that do not follow the change: the name never disappears on the way up. There is no
   * rename phase then.
   */
  readonly renameInContract?: boolean;
}
