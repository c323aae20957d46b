import { escapeLiteral } from 'pg';
import { readControls } from './backfill/controls.ts';
import { type ColumnChange, isReversible, type Queryable } from './column-change.ts';
import { describeBlocker, findBlockers } from './lock-blockers.ts';
import { namesOf } from './names.ts';
import { pause } from './pause.ts';
import { areDifferent } from './value-difference.ts';
import { type Session, sqlState } from './session.ts';

/** A batch holds the locks of its rows for so long; a write of one of them waits for it. */
const BATCH_MS = 100;
/** Few enough to be read in that time with documents of 30 kB in each. */
const FIRST_BATCH_ROWS = 16;
const LARGEST_BATCH_ROWS = 20_000;
/** Batches grow to the largest one within a dozen steps, and shrink at once. */
const LARGEST_GROWTH = 2;
const NAMED_DIFFERENCES = 10;
/** Far below `deadlock_timeout`: if the application and a batch want each other's rows, the batch gives way first. */
const LOCK_TIMEOUT_MS = 50;
const CONTENTION_PAUSE_MS = 100;
const PAUSED_MS = 250;
const CONTENTION_CODES = new Set(['55P03', '40P01', '40001']);

/** A row whose two columns do not say the same. */
export interface Difference {
  readonly key: string;
  readonly oldValue: string | null;
  readonly newValue: string | null;
}

/** What a comparison needs of its surroundings. */
export interface ProofSurroundings {
  readonly session: Session;
  readonly change: ColumnChange;
  /** Ends the comparison between two batches. */
  readonly signal: AbortSignal;
  /** Receives a line if the comparison has to wait, with the sessions that it waits for. */
  readonly log: (line: string) => void;
}

/**
 * How the columns are compared.
 * - `read`: nothing is written. A row whose old value has no faithful new value is equal if it is a known reject.
 * - `keep`: old values that the way back could not rebuild letter by letter are kept.
 */
export type ProofMode = 'read' | 'keep';

/** What one batch of the proof found. */
interface ProofBatch {
  /** The key of its last row; null if the table ends before the batch is full. */
  readonly last_key: string[] | null;
  /** Whether it has an old value that the new one does not lead back to. */
  readonly has_unrebuildable: boolean | null;
  readonly differences: Difference[] | null;
}

/**
 * Compares both columns of all rows.
 *
 * 1. In the order of the key, not of the blocks: a row keeps its key when an update moves it to another block, so none is
 *    passed over while the application writes.
 * 2. Each batch is a transaction of its own, so no snapshot lives long. It has as many rows as fit in 100 ms.
 * 3. With `keep`, the keep triggers must be there: they record what changes behind the batch that has read a row.
 * 4. A table without a key is compared in one statement: only one snapshot has every row once. Nothing can be kept of it, so
 *    with `keep` what could not be rebuilt counts as a difference.
 * 5. Between two batches it obeys `paused` of the backfill's controls.
 *
 * @returns the first differing rows, ten at most; none if the columns are equal
 */
export async function findDifferences(
  surroundings: ProofSurroundings,
  mode: ProofMode,
): Promise<Difference[]> {
  const { session, change, signal } = surroundings;
  if (!namesOf(change).key.lasts) return findDifferencesAtOnce(session, change, mode);
  let lastKey: string[] | null = null;
  let rows = FIRST_BATCH_ROWS;
  do {
    signal.throwIfAborted();
    await waitWhilePaused(surroundings);
    const began = performance.now();
    const batch: ProofBatch | undefined = await compareBatchPatiently(surroundings, mode, lastKey, rows);
    if (batch?.differences) return batch.differences;
    lastKey = batch?.last_key ?? null;
    rows = nextBatchRows(rows, performance.now() - began);
  } while (lastKey !== null);
  return [];
}

/**
 * The number of rows of the next batch.
 * @param rows of the batch before
 * @param milliseconds how long that lasted
 */
export function nextBatchRows(rows: number, milliseconds: number): number {
  const wanted = rows * Math.min(LARGEST_GROWTH, BATCH_MS / Math.max(milliseconds, 1));
  return Math.max(1, Math.min(LARGEST_BATCH_ROWS, Math.floor(wanted)));
}

/** Forgets what an earlier contract kept: the rows have had their old column back since. */
export async function forgetKeptValues(database: Queryable, change: ColumnChange): Promise<void> {
  await database.query(`delete from online_migration.kept_value where change = $1`, [namesOf(change).change]);
}

async function findDifferencesAtOnce(
  session: Session,
  change: ColumnChange,
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

async function waitWhilePaused({ session, change, signal, log }: ProofSurroundings): Promise<void> {
  const isPaused = async () => (await readControls(session, namesOf(change).change)).paused;
  if (!(await isPaused())) return;
  log('comparison of the columns: paused by hand');
  do await pause(PAUSED_MS, signal);
  while (await isPaused());
  log('comparison of the columns: goes on');
}

async function compareBatchPatiently(
  surroundings: ProofSurroundings,
  mode: ProofMode,
  afterKey: string[] | null,
  rows: number,
): Promise<ProofBatch | undefined> {
  const { session, change, signal, log } = surroundings;
  for (let reported = ''; ;) {
    try {
      return await session.transaction(async () => {
        await session.query(`set local lock_timeout = ${LOCK_TIMEOUT_MS}`);
        const batch = await compareBatch(session, change, mode, afterKey, rows);
        if (mode === 'keep' && batch?.has_unrebuildable) {
          await keepUnrebuildable(session, change, afterKey, batch.last_key);
        }
        return batch;
      });
    } catch (error) {
      if (!CONTENTION_CODES.has(sqlState(error) ?? '')) throw error;
      const blockers = await findBlockers(session, { relations: [namesOf(change).table], mode: 'rows' });
      const found = blockers.map(({ transaction }) => transaction).join(' ');
      if (found !== reported) {
        log(
          `comparison of the columns: waits for locked rows; transactions that have locked the table, the oldest first: ` +
            blockers.map(describeBlocker).join('; '),
        );
      }
      reported = found;
      await pause(CONTENTION_PAUSE_MS, signal);
    }
  }
}

async function compareBatch(
  database: Queryable,
  change: ColumnChange,
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

/** A condition on a row of the batch: its value was found to have no faithful new value. */
function isKnownReject(change: ColumnChange, row: string): string {
  const { change: name, key } = namesOf(change);
  return `exists (
        select from online_migration.reject r
        where r.change = ${escapeLiteral(name)} and r.key = ${key.selected.text(row)} and r.raw_value = ${row}.old_value::text
      )`;
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
