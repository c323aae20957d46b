import type { FieldDef } from 'pg';
import type { DescribingQueryable } from '../new/table-facts.ts';

/** The result of a query. */
interface Result {
  readonly rows: unknown[];
  readonly rowCount: number | null;
  readonly fields: FieldDef[];
}

/** Results of about a hundred tables. */
const MOST_RESULTS = 5_000;

/**
 * Runs each query once and remembers its result: the checks of one column read much that they share with the other
 * columns of its table. Only for queries that read the catalog, and a catalog that may change meanwhile.
 */
export class RememberedQueries implements DescribingQueryable {
  readonly #database: DescribingQueryable;
  readonly #results = new Map<string, Result>();

  constructor(database: DescribingQueryable) {
    this.#database = database;
  }

  async query<Row>(
    text: string,
    values: unknown[] = [],
  ): Promise<{ rows: Row[]; rowCount: number | null; fields: FieldDef[] }> {
    const key = JSON.stringify([text, values]);
    const known = this.#results.get(key);
    const result = known ?? (await this.#database.query<Row>(text, values));
    if (this.#results.size >= MOST_RESULTS) this.#results.clear();
    this.#results.set(key, result);
    return { ...result, rows: [...result.rows] as Row[] };
  }
}
