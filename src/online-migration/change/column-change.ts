/** A column as SQL declares it. */
export interface Column {
  /** Its name as the catalog has it, unquoted. */
  readonly name: string;
  /** Its type as `create table` accepts it: `varchar(50)`, `timestamptz`, `public.mood`. */
  readonly type: string;
  /**
   * Its default as the catalog writes it: `'new'::text`, `now()`. If the old column has a default, declare both. A sequence or an
   * identity is not a default: it is carried over without a declaration.
   */
  readonly default?: string;
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
   * The same as `forward`, for statements that convert thousands of values: cheaper for each value, and it may cost more to
   * begin with, as a list that is hashed first does. By default, `forward` serves both.
   */
  readonly forwardInBulk?: (value: string) => string;
  /**
   * New type to old type; null refuses the write. `not reversible` if there is no way back: a row that is written through the
   * new column then loses its old value, and contract cannot be reverted.
   */
  readonly backward: ((value: string) => string) | 'not reversible';
  /** The oldest major version of PostgreSQL that has the functions used; 14 by default. */
  readonly serverVersion?: number;
}

/** One column of a change: the column that the table starts with, and the one that replaces it. */
export interface ColumnPair {
  /** The old column. The new one takes its name in the end. */
  readonly from: Column;
  /** The new column, with the name that it has until the rename phase. */
  readonly to: Column;
  readonly conversion: Conversion;
  /** Whether a row may be without a value, before the change and after it; false by default. */
  readonly nullable?: boolean;
  /**
   * Whether the new column gets an index that the old one does not have, built beside reads and writes at the end of the
   * backfill; false by default. Indexes of the old column are carried over without a declaration.
   */
  readonly index?: boolean;
}

/** A change of a table's columns: everything that the package knows of the table. */
export interface ColumnChange {
  /**
   * Identifies the change in logs, on the command line and in the package's tables. By default `<schema>.<table>.<column>`;
   * a second change of the same column needs a name of its own.
   */
  readonly name?: string;
  /** The table with its schema, both as the catalog has them, unquoted. */
  readonly table: { readonly schema: string; readonly name: string };
  /**
   * The column or columns that identify a row: the primary key, or others that are unique and never null. `[]` for a table
   * without such columns. Rejects and kept texts are recorded under it.
   */
  readonly key: string | readonly string[];
  /** The columns that change; exactly one in this version. */
  readonly columns: readonly ColumnPair[];
  /**
   * Names of the table's own triggers that may fire for each row that a backfill updates; by default none may. All others are
   * silenced by `session_replication_role`; expand refuses if the role may not set that. While another one is silenced, a
   * declared one fires only if it is ENABLE ALWAYS.
   */
  readonly firesInBackfill?: readonly string[];
  /**
   * Functions, triggers, publications and subscriptions that a person has judged because the catalog cannot; each by the name
   * that expand's refusal gives.
   */
  readonly reviewed?: readonly string[];
}
