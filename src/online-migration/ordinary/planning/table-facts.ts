/** A table in the catalog. */
export interface TableFacts {
  /** Schema and name, quoted. */
  readonly name: string;
  /** The schema, not quoted. */
  readonly schema: string;
  /** The name in the catalog, not quoted. */
  readonly relname: string;
  /** Schema and name in the catalog, quoted. An earlier statement of the migration may rename the table. */
  readonly inCatalog: string;
  /** `r` a table, `p` a partitioned one, `v` a view, `m` a materialized view, … */
  readonly kind: string;
  /** Whether it has no row, and never had one since its last rewrite. */
  readonly isEmpty: boolean;
  /** PostgreSQL's estimate; null if it is not known. */
  readonly rows: number | null;
  readonly bytes: number | null;
  /** Null if they are not known. */
  readonly columns: Readonly<Record<string, ColumnFacts>> | null;
}

/** A column in the catalog. */
export interface ColumnFacts {
  /** Whether all rows have a value. */
  readonly notNull: boolean;
  /** The name of its NOT NULL that is NOT VALID, since PostgreSQL 18. */
  readonly notValid?: string;
  /** As `format_type` writes it; null if it is not known. */
  readonly type: string | null;
}

/** A column of a table; undefined if the table does not have it. If the columns are not known, each name is one that may be null. */
export function columnOf({ columns }: TableFacts, name: string): ColumnFacts | undefined {
  return columns === null ? { notNull: false, type: null } : columns[name];
}

/** The rows that a unique constraint or a foreign key of the table reads: not those of tables that inherit from it. */
export function fromOf({ name, kind }: TableFacts): string {
  return kind === 'p' ? name : `only ${name}`;
}
