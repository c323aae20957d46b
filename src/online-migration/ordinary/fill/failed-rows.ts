import { escapeLiteral } from 'pg';
import { OnlineMigrationError } from '../../change/online-migration-error.ts';

/** A fill with more of them is wrong as a whole: it stops. */
const MOST_FAILED = 200;
/** How many rows an error names. */
const MOST_NAMED = 5;

/** A row that could not be filled. */
export interface FailedRow {
  /** Identifies it. */
  readonly key: string;
  /** Names it for people: `id 7`. */
  readonly label: string;
  readonly reason: string;
}

/** The rows of a fill that could not be filled in this run. The next run tries them again. */
export class FailedRows {
  readonly #rows = new Map<string, FailedRow>();
  readonly #migration: string;
  readonly #table: string;

  /**
   * @param migration its name
   * @param table schema and name, quoted
   */
  constructor(migration: string, table: string) {
    this.#migration = migration;
    this.#table = table;
  }

  /** @throws OnlineMigrationError if there are too many */
  add(row: FailedRow): void {
    this.#rows.set(row.key, row);
    if (this.#rows.size > MOST_FAILED) throw this.#error(true);
  }

  /**
   * A condition on a row: it has not failed. Empty as long as none has.
   * @param key SQL of its key
   */
  exclude(key: string): string {
    if (this.#rows.size === 0) return '';
    return ` and ${key} <> all (array[${[...this.#rows.keys()].map((each) => escapeLiteral(each)).join(', ')}]::text[])`;
  }

  /** @throws OnlineMigrationError that names some of them, if there are any */
  refuse(): void {
    if (this.#rows.size > 0) throw this.#error(false);
  }

  #error(isStopped: boolean): OnlineMigrationError {
    const rows = [...this.#rows.values()]
      .slice(0, MOST_NAMED)
      .map(({ label, reason }) => `${label}: ${reason}`);
    const count = this.#rows.size.toLocaleString('en-US');
    const subject = this.#rows.size === 1 ? '1 row' : `${count} rows`;
    return new OnlineMigrationError(
      'FILL_ROWS_FAILED',
      `${this.#migration}: ${subject} of ${this.#table} could not be filled. Among them: ${rows.join('; ')}. ` +
        (isStopped
          ? 'The fill has stopped, and the rows that it has filled stay filled. '
          : 'All other rows are filled. ') +
        'Correct these rows or the fill, then run the same command again.',
      { migration: this.#migration, table: this.#table, count: this.#rows.size, rows },
    );
  }
}
