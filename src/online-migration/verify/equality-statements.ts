import { escapeLiteral } from 'pg';
import { type ChangedColumn, changedColumnsOf, isReversible } from '../change/changed-column.ts';
import type { ColumnChange } from '../change/column-change.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { changeNamesOf, namesOf } from '../change/names.ts';
import type { RowKey } from '../change/row-key.ts';
import type { Session } from '../postgres/session.ts';
import { areUnequal } from '../change/value-difference.ts';
import { type KeySpan, spanConditions, spanValues } from './key-spans.ts';
import { isUnrebuildable } from './unrebuildable-values.ts';

/** Largest number of rows of which a proof names the differences. */
export const NAMED_DIFFERENCES = 10;

/** A row in which the two columns of a pair are not equal. */
export interface Difference {
  readonly key: string;
  /** The old column of the pair, unquoted. */
  readonly column: string;
  readonly oldValue: string | null;
  readonly newValue: string | null;
}

/**
 * How the columns are compared.
 * - `read`: writes nothing. A row whose old value has no faithful new value is equal if it is a known reject.
 * - `keep`: keeps old values that cannot be rebuilt exactly.
 */
export type ProofMode = 'read' | 'keep';

/** The result of one batch of the proof. */
export interface ProofBatch {
  /** The key of its last row; null if it has none. */
  readonly last_key: string[] | null;
  /** Whether it has as many rows as it should have; if not, the span ends with it. */
  readonly is_full: boolean;
  /** For each column of the change, whether the batch has an old value that cannot be rebuilt from its new value. */
  readonly unrebuildable: boolean[] | null;
  /** Whether a row has an old value without a new one; null if it has no rows, or in the mode `keep`. */
  readonly has_rejects: boolean | null;
  /** Whether a row differs; null if it has no rows. */
  readonly differs: boolean | null;
}

/** A pair of columns in the query `batch`. */
interface Pair {
  readonly column: ChangedColumn;
  readonly oldValue: string;
  readonly newValue: string;
  /** Only of a batch that keeps values, or of an invertible conversion. */
  readonly isUnrebuildable: string;
}

/** Compares all rows in one statement, and so in one snapshot; for a table without a key. */
export async function findDifferencesAtOnce(
  session: Session,
  change: ColumnChange,
  mode: ProofMode,
): Promise<Difference[]> {
  const { table, key } = changeNamesOf(change);
  const pairs = pairsOf(change);
  const differsAtOnce = ({ column, oldValue, newValue }: Pair) =>
    mode === 'keep'
      ? `(${differ(column, oldValue, newValue)} or ${isUnrebuildable(column, oldValue, newValue)})`
      : differ(column, oldValue, newValue);
  const { rows } = await session.withoutStatementTimeout(() =>
    session.query<Difference>(`
      with unequal as (
        select *
        from (select ${key.select('t')}, ${selectPairs(pairs, 't')} from ${table} t) as t
        where ${pairs.map(differsAtOnce).join(' or ')}
        limit ${NAMED_DIFFERENCES}
      )
      ${eachDifference(pairs, key.selected, differsAtOnce)}`),
  );
  return rows;
}

/**
 * Compares the columns of some rows, in the order of the key. Rows with equal keys are in one batch: the order may take keys as equal
 * that the unique index tells apart, and that index may have been dropped.
 * @param span the rows that have not been compared yet
 * @param batchRows number of rows, without those that have the same key as the last one
 */
export async function compareBatch(
  database: Queryable,
  change: ColumnChange,
  mode: ProofMode,
  span: KeySpan,
  batchRows: number,
): Promise<ProofBatch> {
  const { key } = changeNamesOf(change);
  const { selected } = key;
  const pairs = pairsOf(change);
  const inSpan = rowsOf(change, span);
  const inOrder = `${inSpan} order by ${key.list('t')}`;
  const last = (rows: string) =>
    `select ${selected.texts('b')} from (select ${key.select('t')} ${rows} limit 1) as b`;
  const isAnyReject = pairs.map(
    ({ oldValue, newValue }) => `${newValue} is null and ${oldValue} is not null`,
  );
  const { rows } = await database.query<ProofBatch>(
    `
    select
      count(*) >= ${batchRows} as is_full,
      case when count(*) >= ${batchRows}
        then (${last(`${inOrder} offset ${batchRows - 1}`)})
        else (${last(`${inSpan} order by ${key.descending('t')}`)})
      end as last_key,
      bool_or(${differsInAny(pairs, mode)}) as differs,
      ${mode === 'keep' ? `array[${pairs.map((pair) => `bool_or(${pair.isUnrebuildable})`).join(', ')}]` : 'null'} as unrebuildable,
      ${mode === 'keep' ? 'null' : `bool_or(${isAnyReject.join(' or ')})`} as has_rejects
    from (select ${selectCompared(change, pairs, mode)} ${inOrder} fetch first ${batchRows} rows with ties) as b`,
    spanValues(span),
  );
  return rows[0]!;
}

/** Names the first differences between the columns of a span. */
export async function nameDifferences(
  database: Queryable,
  change: ColumnChange,
  mode: ProofMode,
  span: KeySpan,
): Promise<Difference[]> {
  const { selected } = changeNamesOf(change).key;
  const pairs = pairsOf(change);
  const { rows } = await database.query<Difference>(
    `
    with unequal as (
      select *
      from (select ${selectCompared(change, pairs, mode)} ${rowsOf(change, span)}) as b
      where ${differsInAny(pairs, mode)}
      order by ${selected.list('b')}
      limit ${NAMED_DIFFERENCES}
    )
    ${eachDifference(pairs, selected, (pair) => differsIn(pair, mode))}`,
    spanValues(span),
  );
  return rows;
}

function rowsOf(change: ColumnChange, span: KeySpan): string {
  const { table, key } = changeNamesOf(change);
  const bounds = spanConditions(key, span, 1);
  return `from ${table} t ${bounds.length === 0 ? '' : `where ${bounds.join(' and ')}`}`;
}

/** The key and the columns of a row `t`, and for each pair whether the old value can be rebuilt; computed once for each row. */
function selectCompared(change: ColumnChange, pairs: readonly Pair[], mode: ProofMode): string {
  const rebuilt = pairs
    .filter(({ column }) => mode === 'keep' || isInvertible(column))
    .map(({ column, isUnrebuildable: unrebuildable }) => {
      const { oldColumn, newColumn } = namesOf(column);
      return `${isNotRebuilt(column, `t.${oldColumn}`, `t.${newColumn}`)} as ${unrebuildable}`;
    });
  return [changeNamesOf(change).key.select('t'), selectPairs(pairs, 't'), ...rebuilt].join(', ');
}

/** A condition on a row `b` of {@link selectCompared}: a pair differs. */
function differsInAny(pairs: readonly Pair[], mode: ProofMode): string {
  return pairs.map((pair) => differsIn(pair, mode)).join(' or ');
}

function differsIn(pair: Pair, mode: ProofMode): string {
  const { column, oldValue, newValue, isUnrebuildable: unrebuildable } = pair;
  const unequal = differ(column, oldValue, newValue);
  const checked =
    mode === 'keep'
      ? unequal
      : `case when ${newValue} is null and ${isKnownReject(pair, 'b')} then false else ${unequal} end`;
  // The way back takes less time than the strict conversion.
  return isInvertible(column)
    ? `case when not ${unrebuildable} and ${oldValue} is not null then false else ${checked} end`
    : checked;
}

function pairsOf(change: ColumnChange): Pair[] {
  return changedColumnsOf(change).map((column, index) => ({
    column,
    oldValue: `old_value_${index + 1}`,
    newValue: `new_value_${index + 1}`,
    isUnrebuildable: `is_unrebuildable_${index + 1}`,
  }));
}

function selectPairs(pairs: readonly Pair[], alias: string): string {
  return pairs
    .map(({ column, oldValue, newValue }) => {
      const names = namesOf(column);
      return `${alias}.${names.oldColumn} as ${oldValue}, ${alias}.${names.newColumn} as ${newValue}`;
    })
    .join(', ');
}

/** A query over the few rows of the query `unequal`: a row for each pair that differs. */
function eachDifference(pairs: readonly Pair[], selected: RowKey, condition: (pair: Pair) => string): string {
  return pairs
    .map(
      (pair) =>
        `select ${selected.text('b')} as key, ${escapeLiteral(pair.column.oldColumn.name)} as "column", ${pair.oldValue}::text as "oldValue", ${pair.newValue}::text as "newValue" from unequal b where ${condition(pair)}`,
    )
    .join('\n      union all ');
}

/** A condition on a row of the batch: its value is a known reject. */
function isKnownReject({ column, oldValue }: Pair, row: string): string {
  const { record, key } = namesOf(column);
  return `exists (
        select from online_migration.reject r
        where r.change = ${escapeLiteral(record)} and r.key = ${key.selected.text(row)} and r.raw_value = ${row}.${oldValue}::text
      )`;
}

/**
 * A condition on two values: they are not equal. In a change that is not reversible, a null old value equals any new
 * value.
 */
function differ(column: ChangedColumn, oldValue: string, newValue: string): string {
  const differs = areUnequal(
    column.newColumn.type,
    `${namesOf(column).forwardInBulk}(${oldValue})`,
    newValue,
  );
  return isReversible(column) ? differs : `(${oldValue} is not null and ${differs})`;
}

function isInvertible(column: ChangedColumn): boolean {
  return column.conversion?.isInvertible === true && isReversible(column);
}

/** The same, and for an invertible conversion by each byte: a collation may treat different texts as equal. */
function isNotRebuilt(column: ChangedColumn, oldValue: string, newValue: string): string {
  return isInvertible(column)
    ? `(${namesOf(column).backward}(${newValue})::text collate "C") is distinct from ${oldValue}::text`
    : isUnrebuildable(column, oldValue, newValue);
}
