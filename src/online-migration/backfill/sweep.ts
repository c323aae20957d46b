import { pause } from '../pause.ts';
import type { Session } from '../session.ts';
import { advanceSweep } from './checkpoint.ts';
import { countUnfilled, type Fill } from './fill.ts';
import { findLeaves } from './leaves.ts';

/** Rows of one transaction of the sweep. */
const SWEEP_ROWS = 5_000;
/** How long it waits for rows that others hold before it looks again. */
const LOCKED_ROWS_PAUSE_MS = 250;

/**
 * Fills the rows that the ranges have left: those that were locked, and those that an update moved behind the range that
 * was being filled. It ends when no row is left that has a faithful value.
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
    const unfilled = await countUnfilled(session, fill);
    if (unfilled === 0) return;
    let filled = 0;
    for (const { name } of await findLeaves(session, fill.names.table)) {
      signal.throwIfAborted();
      filled += await sweepLeaf(session, fill, name);
    }
    if (filled > 0) continue;
    if (!told) log(`backfill: waiting for ${unfilled} rows that other transactions hold`);
    told = true;
    await pause(LOCKED_ROWS_PAUSE_MS, signal);
  }
}

async function sweepLeaf(session: Session, fill: Fill, leaf: string): Promise<number> {
  return session.transaction(async () => {
    const filled = await updateStragglers(session, fill, leaf);
    if (filled > 0) await advanceSweep(session, fill, filled);
    return filled;
  });
}

async function updateStragglers(session: Session, fill: Fill, leaf: string): Promise<number> {
  const { rowCount } = await session.query(`
    with straggler as materialized (
      select t.ctid
      from ${leaf} as t
      where t.${fill.target} is null and t.${fill.source} is not null and ${fill.value} is not null
      limit ${SWEEP_ROWS}
      for no key update skip locked
    )
    update ${leaf} as t
    set ${fill.target} = ${fill.value}
    from straggler
    where t.ctid = straggler.ctid`);
  return rowCount ?? 0;
}
