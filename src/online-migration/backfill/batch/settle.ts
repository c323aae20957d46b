import type { Session } from '../../postgres/session.ts';
import { isLockConflict } from '../../postgres/database-error.ts';
import { advanceSweep } from '../plan/checkpoint.ts';
import type { ChangeFill, Fill } from '../plan/fill.ts';
import { isColumnUnfilled, isFilled, isUnfilled } from '../plan/unfilled.ts';
import { areEmptied, selectValues, updateFrom, valueName } from './column-values.ts';
import { recordUnconvertible } from './recorded-rejects.ts';
import { updateHasNoEffect } from './refused-update.ts';
import { fillRowByRow } from './row-by-row.ts';
import { isRowError } from './row-error.ts';

/**
 * Fills columns that have a faithful value and records the others as rejects, in one transaction. Rows that other
 * sessions have locked are not changed.
 * @param leaf schema and name, quoted
 * @param tids the rows, as `ctid` texts
 * @returns how many rows were filled, at least in part, plus the new rejects; also 0 if other sessions hold the whole
 *   table
 * @throws BackfillError if a row's value converts, but its update fails or leaves the column null; or if a reject cannot
 *   be recorded
 */
export async function settle(
  session: Session,
  fill: ChangeFill,
  leaf: string,
  tids: readonly string[],
): Promise<number> {
  try {
    return await session.transaction(async () => {
      const { filled, settled, emptied } = await settleUnlocked(session, fill, leaf, tids);
      if (emptied !== null) {
        const columns = fill.columns.filter((_, index) => emptied.columns[index]);
        throw await updateHasNoEffect(session, fill, columns, emptied.key);
      }
      if (filled > 0) await advanceSweep(session, fill, filled);
      return settled;
    });
  } catch (error) {
    if (isLockConflict(error)) return 0;
    if (!isRowError(error)) throw error;
  }
  try {
    const { rowsFilled, settled } = await fillRowByRow(session, fill, leaf, tids);
    await advanceSweep(session, fill, rowsFilled);
    if (settled > 0) return settled;
    // No update has failed, so the record of a reject may have.
    return await recordUnconvertible(session, fill, leaf, tids);
  } catch (error) {
    if (isLockConflict(error)) return 0;
    throw error;
  }
}

/** The result of one statement. */
interface Settled {
  /** Rows of which no column is left to fill. */
  readonly filled: number;
  /** Updated rows, plus the new rejects. */
  readonly settled: number;
  /** A row of which a column is null after its update; null if there is none. */
  readonly emptied: { readonly key: string; readonly columns: readonly boolean[] } | null;
}

async function settleUnlocked(
  session: Session,
  fill: ChangeFill,
  leaf: string,
  tids: readonly string[],
): Promise<Settled> {
  const { key, columns } = fill;
  const isToFill = (column: Fill) => isColumnUnfilled(column, fill, 't');
  const sources = columns.map(
    (column, index) =>
      `t.${column.source}::text as raw_value_${index + 1}, ${columns.length === 1 ? 'true' : isToFill(column)} as is_unfilled_${index + 1}`,
  );
  const rejects = columns.map(
    (_, index) =>
      `select $${2 + 2 * index}::text, key, raw_value_${index + 1}, $${3 + 2 * index}::text from straggler where is_unfilled_${index + 1} and ${valueName(index)} is null`,
  );
  const { rows } = await session.query<{
    filled: string;
    updated: string;
    rejected: string;
    emptied: Settled['emptied'];
  }>(
    `
    with straggler as materialized (
      select t.ctid as tid, ${key.text('t')} as key, ${sources.join(', ')}, ${selectValues(fill, isToFill)}
      from ${leaf} as t
      where t.ctid = any ($1::tid[]) and ${isUnfilled(fill, 't')}
      for no key update of t skip locked
    ), updated as (
      ${updateFrom(fill, leaf, 'straggler')}
      returning straggler.key, ${isFilled(fill, 'u')} as filled, array[${areEmptied(fill, 'straggler').join(', ')}] as emptied
    ), rejected as (
      insert into online_migration.reject (change, key, raw_value, reason)
      ${rejects.join('\n      union all ')}
      on conflict (change, key) do update
      set raw_value = excluded.raw_value, reason = excluded.reason, found_at = now()
      returning 1
    )
    select
      (select count(*) filter (where filled) from updated) as filled,
      (select count(*) from updated) as updated,
      (select count(*) from rejected) as rejected,
      (
        select jsonb_build_object('key', key, 'columns', emptied) from updated where true = any (emptied) limit 1
      ) as emptied`,
    [tids, ...columns.flatMap(({ names, rejectReason }) => [names.record, rejectReason])],
  );
  const row = rows[0]!;
  return {
    filled: Number(row.filled),
    settled: Number(row.updated) + Number(row.rejected),
    emptied: row.emptied,
  };
}
