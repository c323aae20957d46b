import { pause } from '../pause.ts';
import type { Session } from '../session.ts';
import { isContention } from './batch.ts';
import { advanceSweep } from './checkpoint.ts';
import { countUnfilled, type Fill, isUnfilled } from './fill.ts';
import { findLeaves, type Leaf } from './leaves.ts';
import { fillRowByRow, isValueError } from './row-by-row.ts';

/** Rows of one transaction of the sweep. */
const SWEEP_ROWS = 5_000;
/** How long it waits for rows that others hold before it looks again. */
const LOCKED_ROWS_PAUSE_MS = 250;
/** Blocks that are looked through at once, so that many rejects are not passed over again and again. */
const WINDOW_BLOCKS = 4_096;

/**
 * Brings the rows to an end that the ranges have left: those that were locked, those that an update moved behind the
 * range that was being filled, and those with a value that has no faithful new one, which become rejects. It ends when
 * every row is filled or a reject.
 * @param session has a lock timeout far below `deadlock_timeout`
 * @param signal ends it between two transactions
 * @param log receives a line where it has to wait for rows that others hold
 */
export async function sweep(
  session: Session,
  fill: Fill,
  signal: AbortSignal,
  log: (line: string) => void,
): Promise<void> {
  let told = false;
  for (;;) {
    try {
      if ((await countUnfilled(session, fill)) === 0) return;
      if ((await sweepLeaves(session, fill, signal)) > 0) continue;
    } catch (error) {
      if (!isContention(error)) throw error;
    }
    if (!told) log('backfill: waiting for the last rows, which other transactions hold');
    told = true;
    await pause(LOCKED_ROWS_PAUSE_MS, signal);
  }
}

/** Goes once through all leaves; returns how many rows were filled or became rejects. */
async function sweepLeaves(session: Session, fill: Fill, signal: AbortSignal): Promise<number> {
  let handled = 0;
  for (const leaf of await findLeaves(session, fill.names.table)) {
    handled += await sweepLeaf(session, fill, leaf, signal);
  }
  return handled;
}

/** Goes once through a leaf; returns how many rows were filled or became rejects. */
async function sweepLeaf(session: Session, fill: Fill, leaf: Leaf, signal: AbortSignal): Promise<number> {
  let handled = 0;
  for (let firstBlock = 0; firstBlock < leaf.blocks; firstBlock += WINDOW_BLOCKS) {
    for (;;) {
      signal.throwIfAborted();
      const tids = await findStragglers(session, fill, leaf.name, firstBlock);
      const settled = await settle(session, fill, leaf.name, tids);
      handled += settled;
      if (settled === 0 || tids.length < SWEEP_ROWS) break;
    }
  }
  return handled;
}

/** One transaction's worth of rows; returns how many were filled or became rejects. */
async function settle(session: Session, fill: Fill, leaf: string, tids: string[]): Promise<number> {
  if (tids.length === 0) return 0;
  try {
    return await session.transaction(async () => {
      const { filled, rejected } = await settleStragglers(session, fill, leaf, tids);
      if (filled > 0) await advanceSweep(session, fill, filled);
      return filled + rejected;
    });
  } catch (error) {
    if (isContention(error)) return 0;
    if (!isValueError(error)) throw error;
    const filled = await fillRowByRow(session, fill, leaf, tids);
    await advanceSweep(session, fill, filled);
    return tids.length;
  }
}

async function findStragglers(
  session: Session,
  fill: Fill,
  leaf: string,
  firstBlock: number,
): Promise<string[]> {
  const { rows } = await session.query<{ tid: string }>(
    `
    select t.ctid::text as tid
    from ${leaf} as t
    where t.ctid >= $1::tid and t.ctid < $2::tid and ${isUnfilled(fill, 't')}
    limit ${SWEEP_ROWS}`,
    [`(${firstBlock},0)`, `(${firstBlock + WINDOW_BLOCKS},0)`],
  );
  return rows.map(({ tid }) => tid);
}

/** Fills the rows that have a faithful value, and writes the others down as rejects; locked ones stay for later. */
async function settleStragglers(
  session: Session,
  fill: Fill,
  leaf: string,
  tids: string[],
): Promise<{ filled: number; rejected: number }> {
  const { names, key, target, source, value } = fill;
  const { rows } = await session.query<{ filled: string; rejected: string }>(
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
      returning 1
    ), rejected as (
      insert into online_migration.reject (change, key, raw_value, reason)
      select $1, key, raw_value, $3 from straggler where value is null
      on conflict (change, key) do update
      set raw_value = excluded.raw_value, reason = excluded.reason, found_at = now()
      returning 1
    )
    select (select count(*) from filled) as filled, (select count(*) from rejected) as rejected`,
    [names.change, tids, fill.rejectReason],
  );
  return { filled: Number(rows[0]?.filled), rejected: Number(rows[0]?.rejected) };
}
