import { escapeLiteral } from 'pg';
import { type ChangedColumn, isReversible } from '../change/changed-column.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { namesOf } from '../change/names.ts';
import type { Session } from '../postgres/session.ts';
import { areDifferent, areUnequal } from '../change/value-difference.ts';

const NAMED_DIFFERENCES = 10;

/** A row whose two columns are not equal. */
export interface Difference {
  readonly key: string;
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
  /** The key of its last row; null if the table ends before the batch is full. */
  readonly last_key: string[] | null;
  /** Whether it has an old value that cannot be rebuilt from its new value. */
  readonly has_unrebuildable: boolean | null;
  readonly differences: Difference[] | null;
}

/** Compares all rows in one statement, and so in one snapshot; for a table without a key. */
export async function findDifferencesAtOnce(
  session: Session,
  change: ChangedColumn,
  mode: ProofMode,
): Promise<Difference[]> {
  const { table, key, oldColumn, newColumn } = namesOf(change);
  const [oldValue, newValue] = [`t.${oldColumn}`, `t.${newColumn}`];
  const { rows } = await session.withoutStatementTimeout(() =>
    session.query<Difference>(`
      select ${key.text('t')} as key, ${oldValue}::text as "oldValue", ${newValue}::text as "newValue"
      from ${table} t
      where ${differ(change, oldValue, newValue)}
        ${mode === 'keep' ? `or ${isUnrebuildable(change, oldValue, newValue)}` : ''}
      limit ${NAMED_DIFFERENCES}`),
  );
  return rows;
}

/**
 * Compares the columns of some rows, in the order of the key.
 * @param afterKey the key of the last row of the previous batch; null for the first batch
 * @param batchRows largest number of rows
 */
export async function compareBatch(
  database: Queryable,
  change: ChangedColumn,
  mode: ProofMode,
  afterKey: string[] | null,
  batchRows: number,
): Promise<ProofBatch | undefined> {
  const { table, key, oldColumn, newColumn } = namesOf(change);
  const { selected } = key;
  const differs = differ(change, 'old_value', 'new_value');
  const { rows } = await database.query<ProofBatch>(
    `
    with batch as materialized (
      select ${key.select('t')}, t.${oldColumn} as old_value, t.${newColumn} as new_value
      from ${table} t
      ${afterKey === null ? '' : `where ${key.compare('t', '>', 1)}`}
      order by ${key.list('t')}
      limit ${batchRows}
    ), difference as (
      select ${selected.text('b')} as key, old_value::text as old_value, new_value::text as new_value
      from batch b
      where ${mode === 'keep' ? differs : `case when new_value is null and ${isKnownReject(change, 'b')} then false else ${differs} end`}
      order by ${selected.list('b')}
      limit ${NAMED_DIFFERENCES}
    )
    select
      (select ${selected.texts('b')} from batch b order by ${selected.descending('b')} limit 1) as last_key,
      ${mode === 'keep' ? `(select bool_or(${isUnrebuildable(change, 'old_value', 'new_value')}) from batch)` : 'false'} as has_unrebuildable,
      (
        select jsonb_agg(jsonb_build_object('key', key, 'oldValue', old_value, 'newValue', new_value))
        from difference
      ) as differences`,
    afterKey ?? [],
  );
  return rows[0];
}

/**
 * Keeps the old values of a batch that cannot be rebuilt from the new ones, with the rows locked. A write of the same
 * row comes either before the lock, and is seen here, or after it; then the trigger replaces the record made here.
 */
export async function keepUnrebuildable(
  database: Queryable,
  change: ChangedColumn,
  afterKey: string[] | null,
  lastKey: string[] | null,
): Promise<void> {
  if (lastKey === null) return;
  const { change: name, table, key, lastingKey, oldColumn, newColumn, forwardInBulk } = namesOf(change);
  await database.query(
    `
    with to_keep as materialized (
      select ${lastingKey.text('t')} as key, t.${oldColumn}::text as raw_value
      from ${table} t
      where ${key.compare('t', '<=', 2)}
        ${afterKey === null ? '' : `and ${key.compare('t', '>', 2 + lastKey.length)}`}
        and ${isUnrebuildable(change, `t.${oldColumn}`, `t.${newColumn}`)}
        and not (${areUnequal(change.newColumn.type, `${forwardInBulk}(t.${oldColumn})`, `t.${newColumn}`)})
      for no key update
    )
    insert into online_migration.kept_value (change, key, raw_value)
    select $1, key, raw_value
    from to_keep
    on conflict (change, key) do update set raw_value = excluded.raw_value`,
    [name, ...lastKey, ...(afterKey ?? [])],
  );
}

/** A condition on a row of the batch: its value is a known reject. */
function isKnownReject(change: ChangedColumn, row: string): string {
  const { change: name, key } = namesOf(change);
  return `exists (
        select from online_migration.reject r
        where r.change = ${escapeLiteral(name)} and r.key = ${key.selected.text(row)} and r.raw_value = ${row}.old_value::text
      )`;
}

/**
 * A condition on two values: they are not equal. In a change that is not reversible, a null old value equals any new
 * value.
 */
function differ(change: ChangedColumn, oldValue: string, newValue: string): string {
  const differs = areUnequal(
    change.newColumn.type,
    `${namesOf(change).forwardInBulk}(${oldValue})`,
    newValue,
  );
  return isReversible(change) ? differs : `(${oldValue} is not null and ${differs})`;
}

/** A condition on two values: the old one cannot be rebuilt from the new one. */
function isUnrebuildable(change: ChangedColumn, oldValue: string, newValue: string): string {
  return isReversible(change)
    ? areDifferent(change.oldColumn.type, `${namesOf(change).backward}(${newValue})`, oldValue)
    : 'false';
}

/** Deletes the values that an earlier contract kept, because the rows have their old column again. */
export async function forgetKeptValues(database: Queryable, change: ChangedColumn): Promise<void> {
  await database.query(`delete from online_migration.kept_value where change = $1`, [namesOf(change).change]);
}
