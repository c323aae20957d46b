import { isLockConflict } from '../../postgres/database-error.ts';
import type { Session } from '../../postgres/session.ts';
import { BackfillError } from '../plan/backfill-error.ts';
import type { ChangeFill, Fill } from '../plan/fill.ts';
import { isColumnUnfilled } from '../plan/unfilled.ts';
import { isRowError } from './row-error.ts';

/**
 * Records a column of one row as a reject.
 * @param leaf schema and name, quoted
 * @param tid the row's `ctid` as a text
 * @param reason the error of its conversion
 * @returns the number of new rejects: 0 if the row has moved, or if this reject is recorded
 * @throws BackfillError if it cannot be recorded
 */
export async function recordReject(
  session: Session,
  fill: ChangeFill,
  column: Fill,
  leaf: string,
  tid: string,
  reason: string,
): Promise<number> {
  return record(column, () => insertRejects(session, fill, column, leaf, [tid], reason));
}

/**
 * Records rows as rejects, without those that other sessions have locked.
 * @param leaf schema and name, quoted
 * @param tids the rows, as `ctid` texts
 * @returns the number of rejects
 * @throws BackfillError if one cannot be recorded
 */
export async function recordUnconvertible(
  session: Session,
  fill: ChangeFill,
  leaf: string,
  tids: readonly string[],
): Promise<number> {
  let rejects = 0;
  for (const column of fill.columns) {
    rejects += await recordUnconvertibleOf(session, fill, column, leaf, tids);
  }
  return rejects;
}

async function recordUnconvertibleOf(
  session: Session,
  fill: ChangeFill,
  column: Fill,
  leaf: string,
  tids: readonly string[],
): Promise<number> {
  try {
    return await session.transaction(async () => {
      const unconvertible = await lockUnconvertible(session, fill, column, leaf, tids);
      return record(column, () =>
        insertRejects(session, fill, column, leaf, unconvertible, column.rejectReason),
      );
    });
  } catch (error) {
    // A row whose conversion raises an error has just been unlocked. The next try handles it.
    if (isRowError(error)) return 0;
    throw error;
  }
}

async function lockUnconvertible(
  session: Session,
  fill: ChangeFill,
  column: Fill,
  leaf: string,
  tids: readonly string[],
): Promise<string[]> {
  const { rows } = await session.query<{ tid: string }>(
    `
    with straggler as materialized (
      select t.ctid::text as tid, ${column.value} as value
      from ${leaf} as t
      where t.ctid = any ($1::tid[]) and ${isColumnUnfilled(column, fill, 't')}
      for no key update of t skip locked
    )
    select tid from straggler where value is null`,
    [tids],
  );
  return rows.map(({ tid }) => tid);
}

async function insertRejects(
  session: Session,
  { key }: ChangeFill,
  { names, source }: Fill,
  leaf: string,
  tids: readonly string[],
  reason: string,
): Promise<number> {
  const { rowCount } = await session.query(
    `
    insert into online_migration.reject as r (change, key, raw_value, reason)
    select $1, ${key.text('t')}, t.${source}::text, $2
    from ${leaf} as t
    where t.ctid = any ($3::tid[])
    on conflict (change, key) do update
    set raw_value = excluded.raw_value, reason = excluded.reason, found_at = now()
    where (r.raw_value, r.reason) is distinct from (excluded.raw_value, excluded.reason)`,
    [names.record, reason, tids],
  );
  return rowCount ?? 0;
}

async function record({ names, target }: Fill, insert: () => Promise<number>): Promise<number> {
  try {
    return await insert();
  } catch (error) {
    if (isLockConflict(error) || !isRowError(error)) throw error;
    const { message } = error;
    throw new BackfillError(
      'REJECT_NOT_RECORDED',
      `Cannot fill ${target} of ${names.table}: some values do not convert, and online_migration.reject refuses the record of ` +
        `their rows with "${message}". Remove the constraint or the trigger that refuses it, then run the same command again; ` +
        `it continues where it stopped.`,
      { change: names.change, table: names.table, column: target, reason: message },
      { cause: error },
    );
  }
}
