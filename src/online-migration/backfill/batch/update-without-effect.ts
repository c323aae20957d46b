import { isLockConflict } from '../../postgres/database-error.ts';
import type { Session } from '../../postgres/session.ts';
import { advanceSweep } from '../plan/checkpoint.ts';
import type { ChangeFill } from '../plan/fill.ts';
import { isColumnUnfilled, isFilled, isUnfilled, valueIf } from '../plan/unfilled.ts';
import { updateHasNoEffect } from './refused-update.ts';
import { isRowError } from './row-error.ts';

/**
 * Fills one of the unlocked rows, if there is one.
 * @throws BackfillError if its update has no effect
 */
export async function refuseWithoutEffect(
  session: Session,
  fill: ChangeFill,
  leaf: string,
  tids: readonly string[],
): Promise<void> {
  const converts = fill.columns.map((column) => {
    const value = valueIf(fill, column, isColumnUnfilled(column, fill, 't'), 'null');
    return `${value} is not null`;
  });
  try {
    await session.transaction(async () => {
      const { rows } = await session.query<{ tid: string; key: string; converts: boolean[] }>(
        `
        select t.ctid::text as tid, ${fill.key.text('t')} as key, array[${converts.join(', ')}] as converts
        from ${leaf} as t
        where t.ctid = any ($1::tid[]) and ${isUnfilled(fill, 't')}
        limit 1
        for no key update of t skip locked`,
        [tids],
      );
      const free = rows[0];
      const columns = fill.columns.filter((_, index) => free?.converts[index]);
      if (free === undefined || columns.length === 0) return;
      // A new statement sees the current versions of the locked rows, even if other sessions have written them.
      const { rows: updated } = await session.query<{ emptied: boolean[]; filled: boolean }>(
        `
        update ${leaf} as t
        set ${columns.map(({ target, value }) => `${target} = ${value}`).join(', ')}
        where t.ctid = $1::tid
        returning array[${columns.map(({ target }) => `t.${target} is null`).join(', ')}] as emptied, ${isFilled(fill, 't')} as filled`,
        [free.tid],
      );
      const emptied = columns.filter((_, index) => updated[0]?.emptied[index] ?? true);
      if (emptied.length > 0) throw await updateHasNoEffect(session, fill, emptied, free.key);
      if (updated[0]!.filled) await advanceSweep(session, fill, 1);
    });
  } catch (error) {
    // The next try handles it.
    if (!isLockConflict(error) && !isRowError(error)) throw error;
  }
}
