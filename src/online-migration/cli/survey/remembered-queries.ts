import type { FieldDef } from 'pg';
import type { DescribingQueryable } from '../../new-change/table-facts.ts';

/** The result of a query. */
interface Result {
  readonly rows: unknown[];
  readonly rowCount: number | null;
  readonly fields: FieldDef[];
}

/** Results of about a hundred tables. */
const MOST_RESULTS = 5_000;

const READS = /^\s*(select|with)\b/;

/**
 * Runs each query once and remembers its result: the checks of one column read much that they share with the other
 * columns of its table. Only for queries that read the catalog, and a catalog that may change meanwhile. In a
 * transaction, which tries definitions on a temporary table and is rolled back, it remembers nothing.
 */
export class RememberedQueries implements DescribingQueryable {
  readonly #database: DescribingQueryable;
  readonly #results = new Map<string, Result>();
  #isInTransaction = false;

  constructor(database: DescribingQueryable) {
    this.#database = database;
  }

  async query<Row>(
    text: string,
    values: unknown[] = [],
  ): Promise<{ rows: Row[]; rowCount: number | null; fields: FieldDef[] }> {
    if (this.#isInTransaction || !READS.test(text)) {
      const result = await this.#database.query<Row>(text, values);
      if (text === 'begin') this.#isInTransaction = true;
      if (text === 'rollback') this.#isInTransaction = false;
      return result;
    }
    const key = JSON.stringify([text, values]);
    const known = this.#results.get(key);
    const result = known ?? (await this.#database.query<Row>(text, values));
    if (this.#results.size >= MOST_RESULTS) this.#results.clear();
    this.#results.set(key, result);
    return { ...result, rows: [...result.rows] as Row[] };
  }
}
