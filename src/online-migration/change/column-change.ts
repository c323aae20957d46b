/** Anything that runs one SQL statement: a `pg.Client`, a `pg.Pool`, a pooled client. */
export interface Queryable {
  query<Row>(text: string, values?: unknown[]): Promise<{ rows: Row[]; rowCount: number | null }>;
}

/** A column as it is declared in SQL. */
export interface Column {
  /** The column's name as the catalog has it, unquoted. */
  readonly name: string;
  /** The column's type as `create table` takes it: `varchar(50)`, `timestamptz`, `public.mood`. */
  readonly type: string;
  /**
   * Its default, as the catalog writes it: `'new'::text`, `now()`. Where the old column has one, both are declared; numbers
   * from a sequence or an identity go over by themselves and are no default.
   */
  readonly default?: string;
}

/**
 * How a value crosses between the two types. Each function gets an SQL expression of one type and returns
 * an SQL expression of the other; null if no faithful value exists. None may raise an error, nor
 * depend on a session's settings (TimeZone, DateStyle, search_path).
 */
export interface Conversion {
  /** Old type to new type; null makes the row a reject. */
  readonly forward: (value: string) => string;
  /**
   * The same as `forward`, for a statement that converts thousands of values: cheaper a value, and it may cost more to
   * begin with, as a list that is hashed first does. Where it is left out, `forward` does both.
   */
  readonly forwardInBulk?: (value: string) => string;
  /**
   * New type to old type; null refuses the write. `not reversible` if there is no way back: a row that is written
   * through the new column loses its old value, and contract cannot be reverted.
   */
  readonly backward: ((value: string) => string) | 'not reversible';
  /** The oldest major version of PostgreSQL that has what the expressions use; 14 where it is left out. */
  readonly serverVersion?: number;
}

/** The whole evolution of one column: everything that the package knows of the table. */
export interface ColumnChange {
  /**
   * The name of the change in logs, on the command line and in the package's tables; by default schema, table and old
   * column. A second change of the same column needs a name of its own.
   */
  readonly name?: string;
  /** Table in its schema, both as the catalog has them, unquoted. */
  readonly table: { readonly schema: string; readonly name: string };
  /**
   * The column, or the columns, by which a row is known: the primary key, or others that are unique and never null. None,
   * `[]`, for a table that has no such columns. Rejects and kept values are recorded under it.
   */
  readonly key: string | readonly string[];
  /** The column that the table starts with. It gives its name to the new one in the end. */
  readonly oldColumn: Column;
  /** The column that replaces it; the name that it has until the last move. */
  readonly newColumn: Column;
  readonly conversion: Conversion;
  /** Whether a row may be without a value, before the change and after it; no by default. */
  readonly nullable?: boolean;
  /**
   * Whether the new column gets an index that the old one does not have, made beside reads and writes when it is filled; no
   * by default. The indexes of the old column go over by themselves.
   */
  readonly index?: boolean;
  /**
   * Names of the table's own triggers that may fire for each row that a backfill updates; by default none may. The others are
   * kept silent by `session_replication_role`; expand refuses if the role may not set that. While another one is kept silent, a
   * declared one fires only if it is set to fire always.
   */
  readonly firesInBackfill?: readonly string[];
  /**
   * Functions, triggers, publications and subscriptions that a person has judged, because the catalog cannot: each by the name
   * in expand's refusal.
   */
  readonly reviewed?: readonly string[];
}

/** Whether every value of the new type that the application writes reaches the old column. */
export function isReversible({ conversion }: ColumnChange): boolean {
  return conversion.backward !== 'not reversible';
}

/** The columns by which a row is known, up to contract. */
export function keyColumnsOf({ key }: ColumnChange): readonly string[] {
  return typeof key === 'string' ? [key] : key;
}
