/** Anything that runs one SQL statement: a `pg.Client`, a `pg.Pool`, a pooled client. */
export interface Queryable {
  query<Row>(
    text: string,
    values?: unknown[],
  ): Promise<{
    rows: Row[];
    rowCount: number | null;
    /** The type of each column, as its oid, and the type's modifier; -1 if there is none. `pg` gives them. */
    fields?: { dataTypeID: number; dataTypeModifier: number }[];
  }>;
}
