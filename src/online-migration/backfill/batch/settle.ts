import type { Session } from '../../postgres/session.ts';
import { isLockConflict } from '../../postgres/database-error.ts';
import { advanceSweep } from '../plan/checkpoint.ts';
import type { Fill } from '../plan/fill.ts';
import { recordUnconvertible } from './recorded-rejects.ts';
import { updateHasNoEffect } from './refused-update.ts';
import { fillRowByRow } from './row-by-row.ts';
import { isRowError } from './row-error.ts';

/**
 * Fills rows that have a faithful value and records the others as rejects, in one transaction. Rows that other
 * sessions have locked are not changed.
 * @param leaf schema and name, quoted
 * @param tids the rows, as `ctid` texts
 * @returns how many were filled or became rejects; also 0 if other sessions hold the whole table
 * @throws BackfillError if a row's value converts, but its update fails or leaves the column null; or if a reject cannot
 *   be recorded
 */
export async function settle(
  session: Session,
  fill: Fill,
  leaf: string,
  tids: readonly string[],
): Promise<number> {
  try {
    return await session.transaction(async () => {
      const { filled, rejected, emptied } = await settleUnlocked(session, fill, leaf, tids);
      if (emptied !== null) throw await updateHasNoEffect(session, fill, emptied);
      if (filled > 0) await advanceSweep(session, fill, filled);
      return filled + rejected;
    });
  } catch (error) {
    if (isLockConflict(error)) return 0;
    if (!isRowError(error)) throw error;
  }
  try {
    const { filled, rejected } = await fillRowByRow(session, fill, leaf, tids);
    await advanceSweep(session, fill, filled);
    if (filled + rejected > 0) return filled + rejected;
    // No update has failed, so the record of a reject may have.
    return await recordUnconvertible(session, fill, leaf, tids);
  } catch (error) {
    if (isLockConflict(error)) return 0;
    throw error;
  }
}

/** @returns `emptied`: the key of a row that is null after its update; null if there is none */
async function settleUnlocked(
  session: Session,
  fill: Fill,
  leaf: string,
  tids: readonly string[],
): Promise<{ filled: number; rejected: number; emptied: string | null }> {
  const { names, key, target, source, value } = fill;
  const { rows } = await session.query<{ filled: string; rejected: string; emptied: string | null }>(
    `
    with straggler as materialized (
      select t.ctid as tid, ${key.text('t')} as key, t.${source}::text as raw_value, ${value} as value
      from ${leaf} as t
      where t.ctid = any ($2::tid[]) and t.${target} is null and t.${source} is not null
      for no key update skip locked
    ), filled as (
      update ${leaf} as u
      set ${target} = straggler.value
      from straggler
      where u.ctid = straggler.tid and straggler.value is not null
      returning straggler.key, u.${target} is not null as filled
    ), rejected as (
      insert into online_migration.reject (change, key, raw_value, reason)
      select $1, key, raw_value, $3 from straggler where value is null
      on conflict (change, key) do update
      set raw_value = excluded.raw_value, reason = excluded.reason, found_at = now()
      returning 1
    )
    select
      (select count(*) filter (where filled) from filled) as filled,
      (select count(*) from rejected) as rejected,
      (select key from filled where not filled limit 1) as emptied`,
    [names.change, tids, fill.rejectReason],
  );
  const row = rows[0]!;
  return { filled: Number(row.filled), rejected: Number(row.rejected), emptied: row.emptied };
}
