import type { Session } from '../../postgres/session.ts';
import type { ChangeFill, Fill } from '../plan/fill.ts';
import { anyColumn, isFilled, isOpen } from '../plan/unfilled.ts';
import { areEmptied, selectValues, updateFrom } from './column-values.ts';
import { recordReject } from './recorded-rejects.ts';
import { convertOnly, updateFails } from './refused-update.ts';
import { isRowError, isValueError } from './row-error.ts';

/** The result for rows that were updated one by one. Remaining rows are locked by other sessions, or have moved. */
export interface DoneRowByRow {
  /** Rows of which no column is left to fill. */
  readonly rowsFilled: number;
  /** Rows of which at least one column was filled, and new rejects. */
  readonly settled: number;
}

const NOTHING_DONE: DoneRowByRow = { rowsFilled: 0, settled: 0 };

/**
 * Fills rows of which at least one makes the statement fail: halves them until that row is alone. A column whose value
 * does not convert becomes a reject with the error's message; the other columns of the row are filled.
 * @param leaf schema and name, quoted
 * @param tids the rows, as `ctid` texts; the sweep handles rows that are locked or have moved
 * @throws BackfillError if a row's values convert, but its update fails because of a trigger or a constraint; or if a
 *   reject cannot be recorded
 */
export async function fillRowByRow(
  session: Session,
  fill: ChangeFill,
  leaf: string,
  tids: readonly string[],
): Promise<DoneRowByRow> {
  if (tids.length === 0) return NOTHING_DONE;
  try {
    return await session.transaction(() => updateRows(session, fill, leaf, tids));
  } catch (error) {
    if (!isRowError(error)) throw error;
    if (tids.length === 1) return rejectOrThrow(session, fill, leaf, tids[0]!, error);
    const half = Math.ceil(tids.length / 2);
    const first = await fillRowByRow(session, fill, leaf, tids.slice(0, half));
    const second = await fillRowByRow(session, fill, leaf, tids.slice(half));
    return {
      rowsFilled: first.rowsFilled + second.rowsFilled,
      settled: first.settled + second.settled,
    };
  }
}

/** @param cause the reason why the row could not be updated */
async function rejectOrThrow(
  session: Session,
  fill: ChangeFill,
  leaf: string,
  tid: string,
  cause: Error,
): Promise<DoneRowByRow> {
  const converting: Fill[] = [];
  let rejects = 0;
  for (const column of fill.columns) {
    const error = await conversionError(session, column, leaf, tid);
    if (error === null) converting.push(column);
    else rejects += await recordReject(session, fill, column, leaf, tid, error.message);
  }
  if (converting.length === fill.columns.length) {
    await throwIfThere(session, fill, leaf, tid, cause);
    return NOTHING_DONE;
  }
  const [first, ...others] = converting;
  if (first === undefined) return { rowsFilled: 0, settled: rejects };
  const rest = { ...fill, columns: [first, ...others] as const };
  try {
    const { settled } = await session.transaction(() => updateRows(session, rest, leaf, [tid]));
    return { rowsFilled: 0, settled: settled + rejects };
  } catch (error) {
    if (!isRowError(error)) throw error;
    await throwIfThere(session, rest, leaf, tid, error);
    return { rowsFilled: 0, settled: rejects };
  }
}

/** The error that the conversion of a column raises; null if it raises none, or if the row has moved. */
async function conversionError(
  session: Session,
  column: Fill,
  leaf: string,
  tid: string,
): Promise<Error | null> {
  try {
    await convertOnly(session, column, leaf, tid);
    return null;
  } catch (error) {
    if (!isValueError(error)) throw error;
    return error;
  }
}

/** @throws BackfillError if the row has not moved in the meantime */
async function throwIfThere(
  session: Session,
  fill: ChangeFill,
  leaf: string,
  tid: string,
  cause: Error,
): Promise<void> {
  const { rows } = await session.query<{ key: string }>(
    `select ${fill.key.text('t')} as key from ${leaf} as t where t.ctid = $1::tid`,
    [tid],
  );
  if (rows[0] !== undefined) throw await updateFails(session, fill, rows[0].key, cause);
}

const isToFill = (column: Fill) => isOpen(column, 't');

async function updateRows(
  session: Session,
  fill: ChangeFill,
  leaf: string,
  tids: readonly string[],
): Promise<DoneRowByRow> {
  const { rows } = await session.query<{ filled: string; settled: string }>(
    `
    with unlocked as materialized (
      select t.ctid as tid, ${selectValues(fill, isToFill)}
      from ${leaf} as t
      where t.ctid = any ($1::tid[]) and ${anyColumn(fill, isToFill)}
      for no key update of t skip locked
    ), updated as (
      ${updateFrom(fill, leaf, 'unlocked')}
      returning ${isFilled(fill, 'u')} as filled, not (${areEmptied(fill, 'unlocked').join(' or ')}) as settled
    )
    select count(*) filter (where filled) as filled, count(*) filter (where settled) as settled from updated`,
    [tids],
  );
  return { rowsFilled: Number(rows[0]?.filled), settled: Number(rows[0]?.settled) };
}
