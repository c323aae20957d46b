import { type ColumnChange, isReversible, type Queryable } from './column-change.ts';
import { namesOf } from './names.ts';
import { pause } from './pause.ts';
import { areDifferent } from './value-difference.ts';
import { type Session, sqlState } from './session.ts';

const BATCH_ROWS = 20_000;
const NAMED_DIFFERENCES = 10;
/** Far below `deadlock_timeout`: where the application and a batch want each other's rows, the batch gives way first. */
const LOCK_TIMEOUT_MS = 50;
const CONTENTION_PAUSE_MS = 100;
const CONTENTION_CODES = new Set(['55P03', '40P01']);

/** A row whose two columns do not say the same. */
export interface Difference {
  readonly key: string;
  readonly oldValue: string | null;
  readonly newValue: string | null;
}

/** What one batch of the proof found. */
interface ProofBatch {
  /** The key of its last row; null where the table ends before the batch is full. */
  readonly last_key: string[] | null;
  /** Whether it has an old value that the new one does not lead back to. */
  readonly has_unrebuildable: boolean | null;
  readonly differences: Difference[] | null;
}

/**
 * Compares both columns of all rows, and keeps the old values that the way back could not rebuild letter by letter.
 *
 * It goes in the order of the key, not of the blocks: a row keeps its key when an update moves it to another block, so
 * none is passed over while the application writes. Each batch is a transaction of its own, so no snapshot lives long.
 * The sync trigger must be `keeping`: it records what changes behind the batch that has seen a row.
 *
 * @param signal ends the proof between two batches
 * @returns the first differing rows, ten at most; none where the columns are equal
 */
export async function findDifferences(
  session: Session,
  change: ColumnChange,
  signal: AbortSignal,
): Promise<Difference[]> {
  let lastKey: string[] | null = null;
  do {
    signal.throwIfAborted();
    const batch: ProofBatch | undefined = await compareBatchPatiently(session, change, lastKey, signal);
    if (batch?.differences) return batch.differences;
    lastKey = batch?.last_key ?? null;
  } while (lastKey !== null);
  return [];
}

/**
 * The same for a table without a key, in one statement: only one snapshot has every row once. It cannot keep a value, since
 * there is nothing to keep it under, so what could not be rebuilt counts as a difference.
 */
export async function findDifferencesAtOnce(session: Session, change: ColumnChange): Promise<Difference[]> {
  const { table, key, oldColumn, newColumn } = namesOf(change);
  const { rows } = await session.withoutStatementTimeout(() =>
    session.query<Difference>(`
      select ${key.text('t')} as key, t.${oldColumn}::text as "oldValue", t.${newColumn}::text as "newValue"
      from ${table} t
      where ${differ(change, `t.${oldColumn}`, `t.${newColumn}`)}
        or ${isUnrebuildable(change, `t.${oldColumn}`, `t.${newColumn}`)}
      limit ${NAMED_DIFFERENCES}`),
  );
  return rows;
}

/** Forgets what an earlier contract kept: the rows have had their old column back since. */
export async function forgetKeptValues(database: Queryable, change: ColumnChange): Promise<void> {
  await database.query(`delete from online_migration.kept_value where change = $1`, [namesOf(change).change]);
}

async function compareBatchPatiently(
  session: Session,
  change: ColumnChange,
  afterKey: string[] | null,
  signal: AbortSignal,
): Promise<ProofBatch | undefined> {
  for (;;) {
    try {
      return await session.transaction(async () => {
        await session.query(`set local lock_timeout = ${LOCK_TIMEOUT_MS}`);
        const batch = await compareBatch(session, change, afterKey);
        if (batch?.has_unrebuildable) await keepUnrebuildable(session, change, afterKey, batch.last_key);
        return batch;
      });
    } catch (error) {
      if (!CONTENTION_CODES.has(sqlState(error) ?? '')) throw error;
      await pause(CONTENTION_PAUSE_MS, signal);
    }
  }
}

async function compareBatch(
  database: Queryable,
  change: ColumnChange,
  afterKey: string[] | null,
): Promise<ProofBatch | undefined> {
  const { table, key, oldColumn, newColumn } = namesOf(change);
  const { selected } = key;
  const { rows } = await database.query<ProofBatch>(
    `
    with batch as materialized (
      select ${key.select('t')}, t.${oldColumn} as old_value, t.${newColumn} as new_value
      from ${table} t
      ${afterKey === null ? '' : `where ${key.compare('t', '>', 1)}`}
      order by ${key.list('t')}
      limit ${BATCH_ROWS}
    ), difference as (
      select ${selected.text('b')} as key, old_value::text as old_value, new_value::text as new_value
      from batch b
      where ${differ(change, 'old_value', 'new_value')}
      order by ${selected.list('b')}
      limit ${NAMED_DIFFERENCES}
    )
    select
      (select ${selected.texts('b')} from batch b order by ${selected.descending('b')} limit 1) as last_key,
      (select bool_or(${isUnrebuildable(change, 'old_value', 'new_value')}) from batch) as has_unrebuildable,
      (
        select jsonb_agg(jsonb_build_object('key', key, 'oldValue', old_value, 'newValue', new_value))
        from difference
      ) as differences`,
    afterKey ?? [],
  );
  return rows[0];
}

/**
 * Keeps the old values of a batch that the new ones do not lead back to. The rows are locked while they are written down: a
 * write of such a row comes either before, and is seen here, or after, and the trigger records it over what is written here.
 */
async function keepUnrebuildable(
  database: Queryable,
  change: ColumnChange,
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
        and ${forwardInBulk}(t.${oldColumn}) = t.${newColumn}
      for no key update
    )
    insert into online_migration.kept_value (change, key, raw_value)
    select $1, key, raw_value
    from to_keep
    on conflict (change, key) do update set raw_value = excluded.raw_value`,
    [name, ...lastKey, ...(afterKey ?? [])],
  );
}

/** A condition on two values: they do not say the same. Without a way back, an old value that is gone says nothing. */
function differ(change: ColumnChange, oldValue: string, newValue: string): string {
  const differs = `${namesOf(change).forwardInBulk}(${oldValue}) is distinct from ${newValue}`;
  return isReversible(change) ? differs : `(${oldValue} is not null and ${differs})`;
}

/** A condition on two values: the new one does not lead back to the old one. */
function isUnrebuildable(change: ColumnChange, oldValue: string, newValue: string): string {
  return isReversible(change)
    ? areDifferent(change.oldColumn.type, `${namesOf(change).backward}(${newValue})`, oldValue)
    : 'false';
}
