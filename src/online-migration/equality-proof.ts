import type { ColumnChange, Queryable } from './column-change.ts';
import { namesOf } from './names.ts';

const BATCH_ROWS = 20_000;
const NAMED_DIFFERENCES = 10;

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
 * none is passed over while the application writes. Each batch is a statement of its own, so no snapshot lives long.
 *
 * @param signal ends the proof between two batches
 * @returns the first differing rows, ten at most; none where the columns are equal
 */
export async function findDifferences(
  database: Queryable,
  change: ColumnChange,
  signal: AbortSignal,
): Promise<Difference[]> {
  await forgetKeptValues(database, change);
  let lastKey: string | null = null;
  do {
    signal.throwIfAborted();
    const batch: ProofBatch | undefined = await compareBatch(database, change, lastKey);
    if (batch?.differences) return batch.differences;
    lastKey = batch?.last_key ?? null;
  } while (lastKey !== null);
  return [];
}

/** Values kept by an earlier contract are stale: the rows have had their old column back since. */
async function forgetKeptValues(database: Queryable, change: ColumnChange): Promise<void> {
  await database.query(`delete from online_migration.kept_value where change = $1`, [namesOf(change).change]);
}

async function compareBatch(
  database: Queryable,
  change: ColumnChange,
  afterKey: string | null,
): Promise<ProofBatch | undefined> {
  const { change: name, table, key, oldColumn, newColumn, forward, backward } = namesOf(change);
  const { rows } = await database.query<ProofBatch>(
    `
    with batch as materialized (
      select ${key} as key, ${oldColumn} as old_value, ${newColumn} as new_value
      from ${table}
      ${afterKey === null ? '' : `where ${key} > $2`}
      order by ${key}
      limit ${BATCH_ROWS}
    ), kept as (
      insert into online_migration.kept_value (change, key, raw_value)
      select $1, key::text, old_value::text
      from batch
      where ${backward}(new_value) is distinct from old_value and ${forward}(old_value) = new_value
      on conflict (change, key) do update set raw_value = excluded.raw_value
    ), difference as (
      select key::text as key, old_value::text as old_value, new_value::text as new_value
      from batch
      where ${forward}(old_value) is distinct from new_value
      order by batch.key
      limit ${NAMED_DIFFERENCES}
    )
    select
      (select max(key)::text from batch) as last_key,
      (
        select jsonb_agg(jsonb_build_object('key', key, 'oldValue', old_value, 'newValue', new_value))
        from difference
      ) as differences`,
    afterKey === null ? [name] : [name, afterKey],
  );
  return rows[0];
}
