/** Anything that runs one SQL statement: a `pg.Client`, a `pg.Pool`, a pooled client. */
export interface Queryable {
  query<Row>(text: string, values?: unknown[]): Promise<{ rows: Row[]; rowCount: number | null }>;
}

/** A column as it is declared in SQL. */
export interface Column {
  /** The column's name as the catalog has it, unquoted. */
  readonly name: string;
  /** The column's type as `create table` takes it: `varchar(50)`, `timestamptz`. */
  readonly type: string;
}

/**
 * How a value crosses between the two types. Each function gets an SQL expression of one type and returns
 * an SQL expression of the other; null where no faithful value exists. None may raise an error, nor
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
  /** New type to old type; null refuses the write. */
  readonly backward: (value: string) => string;
}

/** The whole evolution of one column: everything that the toolkit knows of the table. */
export interface ColumnChange {
  /** Table in its schema, both as the catalog has them, unquoted. */
  readonly table: { readonly schema: string; readonly name: string };
  /** The primary key's column; rejects and kept values are recorded under it. */
  readonly key: string;
  /** The column that the table starts with. It gives its name to the new one in the end. */
  readonly oldColumn: Column;
  /** The column that replaces it; the name that it has until the last move. */
  readonly newColumn: Column;
  readonly conversion: Conversion;
  /** Whether the new column gets an index of its own, made beside reads and writes when it is filled; no by default. */
  readonly index?: boolean;
}
