import type { Session } from '../../postgres/session.ts';
import { sqlState } from '../../postgres/database-error.ts';
import type { Fill } from '../plan/fill.ts';
import { convertOnly, updateFails } from './refused-update.ts';

/**
 * SQLSTATE classes of an error that a row's value causes: data exception, constraint violation, limit exceeded (JSON that is
 * nested too deeply), raised by a function.
 */
const VALUE_ERROR = /^(22|23|54|P0)/;

/**
 * Errors of an update that do not depend on the row: a lost connection, the transaction's state, a lock conflict, an
 * overloaded or stopping server, an internal error. A trigger may raise any other error, also with a code of its own.
 */
const NO_ROWS_ERROR = /^(08|25|40|53|57|58|XX|55P03)/;

/** Whether some row's value causes the error, and not the server or the connection. */
function isValueError(error: unknown): error is Error {
  return VALUE_ERROR.test(sqlState(error) ?? '');
}

/** Whether the update of some row, including its triggers and constraints, can cause the error. */
export function isRowError(error: unknown): error is Error {
  const code = sqlState(error);
  return code !== undefined && /^[0-9A-Z]{5}$/.test(code) && !NO_ROWS_ERROR.test(code);
}

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
 * @throws BackfillError if a row's value converts, but its update fails because of a trigger or a constraint
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
    return insertReject(session, fill, leaf, tid, error.message);
  }
  const { rows } = await session.query<{ key: string }>(
    `select ${fill.key.text('t')} as key from ${leaf} as t where t.ctid = $1::tid`,
    [tid],
  );
  if (rows[0] !== undefined) throw await updateFails(session, fill, rows[0].key, cause);
  return 0;
}

async function updateRows(
  session: Session,
  fill: Fill,
  leaf: string,
  tids: readonly string[],
): Promise<number> {
  const { rows } = await session.query<{ filled: string }>(
    `
    with unlocked as materialized (
      select u.ctid
      from ${leaf} as u
      where u.ctid = any ($1::tid[]) and u.${fill.target} is null
      for no key update skip locked
    ), updated as (
      update ${leaf} as t
      set ${fill.target} = ${fill.value}
      from unlocked
      where t.ctid = unlocked.ctid
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
): Promise<number> {
  const { rowCount } = await session.query(
    `
    insert into online_migration.reject (change, key, raw_value, reason)
    select $1, ${fill.key.text('t')}, t.${fill.source}::text, $2
    from ${leaf} as t
    where t.ctid = $3::tid
    on conflict (change, key) do update
    set raw_value = excluded.raw_value, reason = excluded.reason, found_at = now()`,
    [fill.names.change, reason, tid],
  );
  return rowCount ?? 0;
}
