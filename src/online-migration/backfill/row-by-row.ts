import type { Session } from '../session.ts';
import { sqlState } from '../session.ts';
import type { Fill } from './fill.ts';
import { convertOnly, updateFails } from './refused-update.ts';

/**
 * SQLSTATE classes of an error that a row's value causes: data exception, constraint violation, limit exceeded (JSON that is
 * nested too deeply), raised by a function.
 */
const VALUE_ERROR = /^(22|23|54|P0)/;

/** Whether an error is that of some row, and not of the server or the connection. */
export function isValueError(error: unknown): error is Error {
  return VALUE_ERROR.test(sqlState(error) ?? '');
}

/**
 * Fills rows of which at least one makes the statement fail: halves them until that row is alone. If its value alone fails to
 * convert, it is written down as a reject with the error's message.
 * @param leaf schema and name, quoted
 * @param tids the rows, as `ctid` writes them; one that has moved meanwhile is left to the sweep
 * @returns the number of rows filled
 * @throws BackfillError if a row's value converts, but its update fails, as a trigger or a constraint may want it
 */
export async function fillRowByRow(
  session: Session,
  fill: Fill,
  leaf: string,
  tids: readonly string[],
): Promise<number> {
  if (tids.length === 0) return 0;
  try {
    return await session.transaction(() => updateRows(session, fill, leaf, tids));
  } catch (error) {
    if (!isValueError(error)) throw error;
    if (tids.length === 1) {
      await rejectOrThrow(session, fill, leaf, tids[0]!, error);
      return 0;
    }
    const half = Math.ceil(tids.length / 2);
    const first = await fillRowByRow(session, fill, leaf, tids.slice(0, half));
    return first + (await fillRowByRow(session, fill, leaf, tids.slice(half)));
  }
}

/** @param cause why the row could not be updated */
async function rejectOrThrow(
  session: Session,
  fill: Fill,
  leaf: string,
  tid: string,
  cause: Error,
): Promise<void> {
  try {
    await convertOnly(session, fill, leaf, tid);
  } catch (error) {
    if (!isValueError(error)) throw error;
    return insertReject(session, fill, leaf, tid, error.message);
  }
  const { rows } = await session.query<{ key: string }>(
    `select ${fill.key.text('t')} as key from ${leaf} as t where t.ctid = $1::tid`,
    [tid],
  );
  if (rows[0] !== undefined) throw await updateFails(session, fill, rows[0].key, cause);
}

async function updateRows(
  session: Session,
  fill: Fill,
  leaf: string,
  tids: readonly string[],
): Promise<number> {
  const { rows } = await session.query<{ filled: string }>(
    `
    with updated as (
      update ${leaf} as t
      set ${fill.target} = ${fill.value}
      where t.ctid = any ($1::tid[]) and t.${fill.target} is null
      returning t.${fill.target} is not null as filled
    )
    select count(*) filter (where filled) as filled from updated`,
    [tids],
  );
  return Number(rows[0]?.filled);
}

async function insertReject(
  session: Session,
  fill: Fill,
  leaf: string,
  tid: string,
  reason: string,
): Promise<void> {
  await session.query(
    `
    insert into online_migration.reject (change, key, raw_value, reason)
    select $1, ${fill.key.text('t')}, t.${fill.source}::text, $2
    from ${leaf} as t
    where t.ctid = $3::tid
    on conflict (change, key) do update
    set raw_value = excluded.raw_value, reason = excluded.reason, found_at = now()`,
    [fill.names.change, reason, tid],
  );
}
