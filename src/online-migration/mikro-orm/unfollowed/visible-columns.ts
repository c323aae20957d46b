/** A table whose columns are known. */
export interface KnownTable {
  readonly schema: string;
  readonly name: string;
  readonly columns: ReadonlySet<string>;
}

/** A column of a known table that a statement names. */
export interface ColumnReference {
  readonly table: KnownTable;
  readonly column: string;
}

/** The columns of a query's result, a table or a join. */
export interface Columns {
  /** Names that the statement gives. */
  readonly given: ReadonlySet<string>;
  /** Tables of which all columns are there. */
  readonly tables: readonly KnownTable[];
  /** Whether there may be others. */
  readonly isOpen: boolean;
}

/** Columns under the name of a table or of an alias. */
export interface Relation extends Columns {
  readonly name: string | undefined;
}

export const UNKNOWN_COLUMNS: Columns = { given: new Set(), tables: [], isOpen: true };

/** All columns of a table. */
export function columnsOfTable(table: KnownTable): Columns {
  return { given: new Set(), tables: [table], isOpen: false };
}

/** The columns of several relations together. */
export function allColumns(parts: readonly Columns[]): Columns {
  return {
    given: new Set(parts.flatMap(({ given }) => [...given])),
    tables: parts.flatMap(({ tables }) => tables),
    isOpen: parts.some(({ isOpen }) => isOpen),
  };
}

/** The relations that an expression can name. Those of the enclosing query follow. */
export class Scope {
  readonly outer: Scope | undefined;
  readonly relations: Relation[] = [];
  readonly #queries = new Map<string, Columns>();

  constructor(outer?: Scope) {
    this.outer = outer;
  }

  /** Declares a query of a `with`. */
  declare(name: string, columns: Columns): void {
    this.#queries.set(name, columns);
  }

  /** A query of a `with`. */
  query(name: string): Columns | undefined {
    return this.#queries.get(name) ?? this.outer?.query(name);
  }

  /** A relation by its name. */
  relation(name: string): Relation | undefined {
    return this.relations.find((one) => one.name === name) ?? this.outer?.relation(name);
  }

  /** The column of a table that a name without a qualifier means. The innermost query that has the column decides. */
  columnsNamed(column: string): ColumnReference[] {
    const all = allColumns(this.relations);
    const isHere =
      all.isOpen || all.given.has(column) || all.tables.some(({ columns }) => columns.has(column));
    return isHere ? columnsOf(all, column) : (this.outer?.columnsNamed(column) ?? []);
  }
}

/**
 * The column of a table that a name means: none if the statement gives the name to something else. If several have it while both
 * columns exist, PostgreSQL refuses the statement as ambiguous.
 */
export function columnsOf({ given, tables }: Columns, column: string): ColumnReference[] {
  const [table, ...others] = new Set(tables.filter(({ columns }) => columns.has(column)));
  if (table === undefined || others.length > 0 || given.has(column)) return [];
  return [{ table, column }];
}
