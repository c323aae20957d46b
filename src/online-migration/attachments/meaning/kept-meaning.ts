import type { Node } from 'libpg-query';
import type { ColumnChange } from '../../change/column-change.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import { loadSqlParser, type SqlParser } from '../../sql/sql-parser.ts';
import type { Side } from '../../sync/filled-column.ts';
import { type ChangedValues, keepsConstant, readChangedValues } from './changed-values.ts';
import { type Comparison, usesOf } from './value-uses.ts';

/*
 * That PostgreSQL accepts a definition for the other type does not tell that it means the same. If the conversion changes
 * values, it does so only in two cases:
 *
 * - It compares the column with constants that the conversion keeps: `price >= 0` for cents.
 * - It compares two columns with the same conversion.
 */

/** Whether a definition means the same for the other column. */
export interface Meaning {
  /** Whether it does as it is written. */
  readonly isKept: boolean;
  /** Whether it does at least with converted constants: it uses the column only in comparisons with them. */
  readonly isInConstants: boolean;
  /** The reason why it does not. */
  readonly reason: string;
}

/**
 * Finds whether definitions mean the same for the other column.
 * @param statements the definition as SQL statements that PostgreSQL's grammar knows: see {@link asQuery}
 */
export type MeaningTest = (statements: readonly string[]) => Promise<Meaning>;

const KEPT: Meaning = { isKept: true, isInConstants: true, reason: '' };

/** A condition or an expression as a statement. */
export function asQuery(expression: string): string {
  return `select where (${expression})`;
}

/**
 * Prepares the test of the definitions of one side. It costs some queries; if the conversions keep all values, nothing more.
 * @param database one connection, not a pool
 * @param from the side of the definitions
 */
export async function meaningTest(
  database: Queryable,
  change: ColumnChange,
  from: Side,
): Promise<MeaningTest> {
  const changed = await readChangedValues(database, change, from);
  if (changed.length === 0) return () => Promise.resolve(KEPT);
  const parser = await loadSqlParser();
  return async (statements) => {
    const reason = reasonFor(changed);
    const trees = treesOf(parser, statements);
    if (trees === null) return { isKept: false, isInConstants: false, reason };
    const { comparisons, others } = usesOf(trees, new Set(changed.map(({ column }) => column)));
    if (others.size > 0) return { isKept: false, isInConstants: false, reason };
    for (const comparison of comparisons) {
      if (await isKeptIn(database, parser, changed, comparison)) continue;
      const areConstants = comparisons.every(({ other }) => 'constant' in other);
      return { isKept: false, isInConstants: areConstants, reason };
    }
    return KEPT;
  };
}

/** The statements as the grammar reads them; null if a newer server wrote one that it does not know. */
function treesOf(parser: SqlParser, statements: readonly string[]): Node[] | null {
  try {
    return statements.flatMap((statement) =>
      (parser.parseSync(statement).stmts ?? []).flatMap(({ stmt }) => stmt ?? []),
    );
  } catch {
    return null;
  }
}

function reasonFor(changed: readonly ChangedValues[]): string {
  const [{ column, example, otherType }] = changed as readonly [ChangedValues];
  const [value, converted] = example;
  return (
    `the conversion of ${column} changes values, such as ${value} to ${converted}, so that the same condition or expression ` +
    `would mean something else for ${otherType}`
  );
}

/** A name that a query gives can stand for each of the columns. */
async function isKeptIn(
  database: Queryable,
  parser: SqlParser,
  changed: readonly ChangedValues[],
  { column, other, isOrdered }: Comparison,
): Promise<boolean> {
  const compared = columnsNamed(changed, column);
  if (isOrdered && compared.some(({ keepsOrder }) => !keepsOrder)) return false;
  if ('column' in other) {
    const all = [...compared, ...columnsNamed(changed, other.column)];
    return new Set(all.map(({ convert, type }) => `${type} ${convert('value')}`)).size === 1;
  }
  const constant = parser.deparse(other.constant);
  for (const one of compared) {
    if (!(await keepsConstant(database, one, constant))) return false;
  }
  return true;
}

function columnsNamed(changed: readonly ChangedValues[], name: string): readonly ChangedValues[] {
  const found = changed.filter(({ column }) => column === name);
  return found.length > 0 ? found : changed;
}
