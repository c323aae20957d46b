/** Anything that runs one SQL statement: a `pg.Client`, a `pg.Pool`, a pooled client. */
export interface Queryable {
  query<Row>(text: string, values?: unknown[]): Promise<{ rows: Row[]; rowCount: number | null }>;
}
