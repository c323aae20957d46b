import { escapeLiteral } from 'pg';
import { type ChangedColumn, changedColumnsOf, isReversible } from '../change/changed-column.ts';
import type { ColumnChange } from '../change/column-change.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { changeNamesOf, namesOf } from '../change/names.ts';
import type { Session } from '../postgres/session.ts';
import { areDifferent, areUnequal } from '../change/value-difference.ts';
import type { KeySpan } from './key-spans.ts';

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
  /** Whether it has as many rows as it may have; if not, the table ends with it. */
  readonly is_full: boolean;
  /** For each column of the change, whether the batch has an old value that cannot be rebuilt from its new value. */
  readonly unrebuildable: boolean[] | null;
  readonly differences: Difference[] | null;
}

/** A pair of columns in the query `batch`. */
interface Pair {
  readonly column: ChangedColumn;
  readonly oldValue: string;
  readonly newValue: string;
  /** Only of a batch that keeps values. */
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
  const differs = ({ column, oldValue, newValue }: Pair) =>
    mode === 'keep'
      ? `(${differ(column, oldValue, newValue)} or ${isUnrebuildable(column, oldValue, newValue)})`
      : differ(column, oldValue, newValue);
  const { rows } = await session.withoutStatementTimeout(() =>
    session.query<Difference>(`
      with unequal as (
        select *
        from (select ${key.select('t')}, ${selectPairs(pairs, 't')} from ${table} t) as t
        where ${pairs.map(differs).join(' or ')}
        limit ${NAMED_DIFFERENCES}
      )
      ${eachDifference(change, pairs, differs)}`),
  );
  return rows;
}

/**
 * Compares the columns of some rows, in the order of the key.
 * @param rest the rows that have not been compared yet
 * @param batchRows largest number of rows
 */
export async function compareBatch(
  database: Queryable,
  change: ColumnChange,
  mode: ProofMode,
  { after, upTo }: KeySpan,
  batchRows: number,
): Promise<ProofBatch | undefined> {
  const { table, key } = changeNamesOf(change);
  const { selected } = key;
  const pairs = pairsOf(change);
  const isKeeping = mode === 'keep';
  const differs = (pair: Pair) => {
    const unequal = differ(pair.column, pair.oldValue, pair.newValue);
    if (isKeeping && isInvertible(pair.column)) {
      return `case when not ${pair.isUnrebuildable} and ${pair.oldValue} is not null then false else ${unequal} end`;
    }
    return isKeeping
      ? unequal
      : `case when ${pair.newValue} is null and ${isKnownReject(pair, 'b')} then false else ${unequal} end`;
  };
  // Computed once for each row.
  const rebuilt = pairs.map((pair) => {
    const { oldColumn, newColumn } = namesOf(pair.column);
    return `, ${isNotRebuilt(pair.column, `t.${oldColumn}`, `t.${newColumn}`)} as ${pair.isUnrebuildable}`;
  });
  const bounds = [
    ...(after === null ? [] : [key.compare('t', '>', 1)]),
    ...(upTo === null ? [] : [key.compare('t', '<=', 1 + (after?.length ?? 0))]),
  ];
  const { rows } = await database.query<ProofBatch>(
    `
    with batch as materialized (
      select ${key.select('t')}, ${selectPairs(pairs, 't')}${isKeeping ? rebuilt.join('') : ''}
      from ${table} t
      ${bounds.length === 0 ? '' : `where ${bounds.join(' and ')}`}
      order by ${key.list('t')}
      limit ${batchRows}
    ), unequal as (
      select *
      from batch b
      where ${pairs.map(differs).join(' or ')}
      order by ${selected.list('b')}
      limit ${NAMED_DIFFERENCES}
    ), difference as (
      ${eachDifference(change, pairs, differs)}
    )
    select
      (
        select ${selected.texts('b')}
        from (select * from batch b order by ${selected.descending('b')} limit 1) as b
      ) as last_key,
      (select count(*) from batch) = ${batchRows} as is_full,
      ${isKeeping ? `(select array[${pairs.map((pair) => `bool_or(${pair.isUnrebuildable})`).join(', ')}] from batch)` : 'null'} as unrebuildable,
      (select jsonb_agg(to_jsonb(d)) from difference d) as differences`,
    [...(after ?? []), ...(upTo ?? [])],
  );
  return rows[0];
}

/**
 * Keeps the old values of a column in a batch that cannot be rebuilt from the new ones, with the rows locked. A write of
 * the same row comes either before the lock, and is seen here, or after it; then the trigger replaces the record made
 * here.
 */
export async function keepUnrebuildable(
  database: Queryable,
  column: ChangedColumn,
  afterKey: readonly string[] | null,
  lastKey: readonly string[] | null,
): Promise<void> {
  if (lastKey === null) return;
  const { record, table, key, lastingKey, oldColumn, newColumn, forwardInBulk } = namesOf(column);
  await database.query(
    `
    with to_keep as materialized (
      select ${lastingKey.text('t')} as key, t.${oldColumn}::text as raw_value
      from ${table} t
      where ${key.compare('t', '<=', 2)}
        ${afterKey === null ? '' : `and ${key.compare('t', '>', 2 + lastKey.length)}`}
        and ${isUnrebuildable(column, `t.${oldColumn}`, `t.${newColumn}`)}
        and not (${areUnequal(column.newColumn.type, `${forwardInBulk}(t.${oldColumn})`, `t.${newColumn}`)})
      for no key update
    )
    insert into online_migration.kept_value (change, key, raw_value)
    select $1, key, raw_value
    from to_keep
    on conflict (change, key) do update set raw_value = excluded.raw_value`,
    [record, ...lastKey, ...(afterKey ?? [])],
  );
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
function eachDifference(
  change: ColumnChange,
  pairs: readonly Pair[],
  differs: (pair: Pair) => string,
): string {
  const { selected } = changeNamesOf(change).key;
  return pairs
    .map(
      (pair) =>
        `select ${selected.text('b')} as key, ${escapeLiteral(pair.column.oldColumn.name)} as "column", ${pair.oldValue}::text as "oldValue", ${pair.newValue}::text as "newValue" from unequal b where ${differs(pair)}`,
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

/** A condition on two values: the old one cannot be rebuilt from the new one. */
function isUnrebuildable(column: ChangedColumn, oldValue: string, newValue: string): string {
  return isReversible(column)
    ? areDifferent(column.oldColumn.type, `${namesOf(column).backward}(${newValue})`, oldValue)
    : 'false';
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

/** Deletes the values that an earlier contract kept, because the rows have their old columns again. */
export async function forgetKeptValues(database: Queryable, change: ColumnChange): Promise<void> {
  await database.query(`delete from online_migration.kept_value where change = any ($1)`, [
    changedColumnsOf(change).map((column) => namesOf(column).record),
  ]);
}
