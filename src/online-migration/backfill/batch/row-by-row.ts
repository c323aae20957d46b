import type { Session } from '../../postgres/session.ts';
import type { Fill } from '../plan/fill.ts';
import { recordReject } from './recorded-rejects.ts';
import { convertOnly, updateFails } from './refused-update.ts';
import { isRowError, isValueError } from './row-error.ts';

/** The result for rows that were updated one by one. Remaining rows are locked by other sessions, or have moved. */
export interface DoneRowByRow {
  readonly filled: number;
  readonly rejected: number;
}

/**
 * Fills rows of which at least one makes the statement fail: halves them until that row is alone. If its value does
 * not convert, it becomes a reject with the error's message.
 * @param leaf schema and name, quoted
 * @param tids the rows, as `ctid` texts; the sweep handles rows that are locked or have moved
 * @throws BackfillError if a row's value converts, but its update fails because of a trigger or a constraint; or if a
 *   reject cannot be recorded
 */
export async function fillRowByRow(
  session: Session,
  fill: Fill,
  leaf: string,
  tids: readonly string[],
): Promise<DoneRowByRow> {
  if (tids.length === 0) return { filled: 0, rejected: 0 };
  try {
    const filled = await session.transaction(() => updateRows(session, fill, leaf, tids));
    return { filled, rejected: 0 };
  } catch (error) {
    if (!isRowError(error)) throw error;
    if (tids.length === 1) {
      return { filled: 0, rejected: await rejectOrThrow(session, fill, leaf, tids[0]!, error) };
    }
    const half = Math.ceil(tids.length / 2);
    const first = await fillRowByRow(session, fill, leaf, tids.slice(0, half));
    const second = await fillRowByRow(session, fill, leaf, tids.slice(half));
    return { filled: first.filled + second.filled, rejected: first.rejected + second.rejected };
  }
}

/**
 * @param cause the reason why the row could not be updated
 * @returns the number of rejects: 0 if the row has moved in the meantime
 */
async function rejectOrThrow(
  session: Session,
  fill: Fill,
  leaf: string,
  tid: string,
  cause: Error,
): Promise<number> {
  try {
    await convertOnly(session, fill, leaf, tid);
  } catch (error) {
    if (!isValueError(error)) throw error;
    return recordReject(session, fill, leaf, tid, error.message);
  }
  const { rows } = await session.query<{ key: string }>(
    `select ${fill.key.text('t')} as key from ${leaf} as t where t.ctid = $1::tid`,
    [tid],
  );
  if (rows[0] !== undefined) throw await updateFails(session, fill, rows[0].key, cause);
  return 0;
}

/** Rows without a faithful value are not written, so that they keep their place until they are recorded. */
async function updateRows(
  session: Session,
  fill: Fill,
  leaf: string,
  tids: readonly string[],
): Promise<number> {
  const { rows } = await session.query<{ filled: string }>(
    `
    with unlocked as materialized (
      select t.ctid as tid, ${fill.value} as value
      from ${leaf} as t
      where t.ctid = any ($1::tid[]) and t.${fill.target} is null
      for no key update of t skip locked
    ), updated as (
      update ${leaf} as u
      set ${fill.target} = unlocked.value
      from unlocked
      where u.ctid = unlocked.tid and unlocked.value is not null
      returning u.${fill.target} is not null as filled
    )
    select count(*) filter (where filled) as filled from updated`,
    [tids],
  );
  return Number(rows[0]?.filled);
}
