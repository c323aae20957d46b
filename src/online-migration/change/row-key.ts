import { escapeIdentifier } from 'pg';
import { keyColumnsOf } from './changed-column.ts';
import type { ColumnChange } from './column-change.ts';

/** Identifies a row without key columns: its place, until it is written again. */
const PLACE = ['tableoid', 'ctid'];

/** A longer key is recorded in part, with its hash: an index of the package's tables takes at most 2,704 bytes. */
export const RECORDED_KEY_BYTES = 1_000;
const KEPT_CHARACTERS = 400;

/**
 * An SQL expression: a key as the package's tables record it.
 * @param key an SQL expression of type text
 */
export function recordedKey(key: string): string {
  const hash = `encode(sha256(convert_to(${key}, getdatabaseencoding())), 'hex')`;
  // The dots make it longer than any key that is recorded whole, so the two cannot be equal.
  const filler = `repeat('.', ${RECORDED_KEY_BYTES - KEPT_CHARACTERS})`;
  return `case when octet_length(${key}) > ${RECORDED_KEY_BYTES} then left(${key}, ${KEPT_CHARACTERS}) || ${filler} || ${hash} else ${key} end`;
}

/** The key columns of a row, and SQL on them. */
export class RowKey {
  /** The columns, quoted; empty if a row has no key. */
  readonly columns: readonly string[];
  readonly #parts: readonly string[];

  /** @param columns as in the catalog, unquoted */
  constructor(columns: readonly string[]) {
    this.columns = columns.map((column) => escapeIdentifier(column));
    this.#parts = columns.length === 0 ? PLACE : this.columns;
  }

  /** Whether a row keeps its key when it is written. */
  get lasts(): boolean {
    return this.columns.length > 0;
  }

  /**
   * The key of a row as one text: the value itself, or several as an array of JSON. A long one is shortened as in {@link
   * recordedKey}.
   * @param row alias of the row
   */
  text(row: string): string {
    const parts = this.#of(row);
    const whole = parts.length === 1 ? `${parts[0]}::text` : `jsonb_build_array(${parts.join(', ')})::text`;
    return this.lasts ? `(${recordedKey(whole)})` : whole;
  }

  /** The columns in a list, for `select` and `order by`. */
  list(row: string): string {
    return this.#of(row).join(', ');
  }

  /**
   * The key columns for a subquery, under aliases: the subquery may have other columns with the same names. {@link
   * selected} is the key by these aliases.
   */
  select(row: string): string {
    return this.#of(row)
      .map((part, index) => `${part} as ${selectedName(index)}`)
      .join(', ');
  }

  /** The key by the aliases of {@link select}. */
  get selected(): RowKey {
    return new RowKey(this.#parts.map((_, index) => selectedName(index)));
  }

  /** The columns from the last to the first row, for `order by`. */
  descending(row: string): string {
    return this.#of(row)
      .map((part) => `${part} desc`)
      .join(', ');
  }

  /** The columns as an array of texts, which {@link compare} accepts. */
  texts(row: string): string {
    return `array[${this.#of(row)
      .map((part) => `${part}::text`)
      .join(', ')}]`;
  }

  /**
   * A comparison that can use an index on the columns.
   * @param firstValue number of the parameter of the first column; the others follow
   * @param schemas of the operators that sort each column, quoted
   */
  compare(row: string, operator: '>' | '<=', firstValue: number, schemas: readonly string[]): string {
    const values = this.#parts.map((_, index) => `$${firstValue + index}`);
    const [schema] = schemas;
    if (schemas.every((one) => one === schema)) {
      return `(${this.list(row)}) operator(${schema}.${operator}) (${values.join(', ')})`;
    }
    const strictly = operator === '>' ? '>' : '<';
    // In SQL, the columns of a row have operators of one schema.
    return this.#of(row)
      .map((part, index) => (sign: string) => `${part} operator(${schemas[index]}.${sign}) ${values[index]}`)
      .reduceRight(
        (later, is) =>
          later === '' ? is(operator) : `(${is(`${strictly}=`)} and (${is(strictly)} or ${later}))`,
        '',
      );
  }

  #of(row: string): string[] {
    return this.#parts.map((part) => `${row}.${part}`);
  }
}

function selectedName(index: number): string {
  return `key_${index + 1}`;
}

/** The key before contract: it contains changed columns under their old names. */
export function rowKeyOf(change: ColumnChange): RowKey {
  return new RowKey(keyColumnsOf(change));
}

/** The key after contract: it contains new columns in place of old ones. */
export function lastingRowKeyOf(change: ColumnChange): RowKey {
  const newName = (name: string) => change.columns.find(({ from }) => from.name === name)?.to.name ?? name;
  return new RowKey(keyColumnsOf(change).map(newName));
}

/**
 * Names a row in an error.
 * @param key as {@link RowKey.text} writes it
 */
export function describeRow(change: ColumnChange, key: string): string {
  const columns = keyColumnsOf(change);
  return `${columns.length === 0 ? 'table and place' : columns.join(', ')} ${key}`;
}
