import type { ColumnChange, Queryable } from './column-change.ts';
import { namesOf } from './names.ts';
import { pause } from './pause.ts';
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
  last_key: string | null;
  differences: Difference[] | null;
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
  let lastKey: string | null = null;
  do {
    signal.throwIfAborted();
    const batch: ProofBatch | undefined = await compareBatchPatiently(session, change, lastKey, signal);
    if (batch?.differences) return batch.differences;
    lastKey = batch?.last_key ?? null;
  } while (lastKey !== null);
  return [];
}

/** Forgets what an earlier contract kept: the rows have had their old column back since. */
export async function forgetKeptValues(database: Queryable, change: ColumnChange): Promise<void> {
  await database.query(`delete from online_migration.kept_value where change = $1`, [namesOf(change).change]);
}

async function compareBatchPatiently(
  session: Session,
  change: ColumnChange,
  afterKey: string | null,
  signal: AbortSignal,
): Promise<ProofBatch | undefined> {
  for (;;) {
    try {
      return await session.transaction(async () => {
        await session.query(`set local lock_timeout = ${LOCK_TIMEOUT_MS}`);
        return compareBatch(session, change, afterKey);
      });
    } catch (error) {
      if (!CONTENTION_CODES.has(sqlState(error) ?? '')) throw error;
      await pause(CONTENTION_PAUSE_MS, signal);
    }
  }
}

/**
 * One batch. The rows whose old value is to be kept are locked while it is written down: a write of such a row comes
 * either before, and is seen here, or after, and the trigger records it over what is written here. Their keys are an array,
 * so that the planner goes by the index: as a join it may convert every row of the table for each batch.
 */
async function compareBatch(
  database: Queryable,
  change: ColumnChange,
  afterKey: string | null,
): Promise<ProofBatch | undefined> {
  const { change: name, table, key, oldColumn, newColumn, forwardInBulk, backward } = namesOf(change);
  const { rows } = await database.query<ProofBatch>(
    `
    with batch as materialized (
      select ${key} as key, ${oldColumn} as old_value, ${newColumn} as new_value
      from ${table}
      ${afterKey === null ? '' : `where ${key} > $2`}
      order by ${key}
      limit ${BATCH_ROWS}
    ), to_keep as materialized (
      select t.${key}::text as key, t.${oldColumn}::text as raw_value
      from ${table} t
      where t.${key} = any (array(select key from batch where ${backward}(new_value) is distinct from old_value))
        and ${backward}(t.${newColumn}) is distinct from t.${oldColumn}
        and ${forwardInBulk}(t.${oldColumn}) = t.${newColumn}
      for no key update
    ), kept as (
      insert into online_migration.kept_value (change, key, raw_value)
      select $1, key, raw_value
      from to_keep
      on conflict (change, key) do update set raw_value = excluded.raw_value
    ), difference as (
      select key::text as key, old_value::text as old_value, new_value::text as new_value
      from batch
      where ${forwardInBulk}(old_value) is distinct from new_value
      order by batch.key
      limit ${NAMED_DIFFERENCES}
    )
    select
      (select b.key::text from batch b order by b.key desc limit 1) as last_key,
      (
        select jsonb_agg(jsonb_build_object('key', key, 'oldValue', old_value, 'newValue', new_value))
        from difference
      ) as differences`,
    afterKey === null ? [name] : [name, afterKey],
  );
  return rows[0];
}
