import type { Session } from '../../postgres/session.ts';
import { isLockConflict } from '../../postgres/database-error.ts';
import type { ChangeFill } from '../plan/fill.ts';
import { hasUnfilled, isUnfilled } from '../plan/unfilled.ts';
import { keepTriggersSilent } from '../batch/firing-triggers.ts';
import {
  awaitHeldRows,
  findLeft,
  holderReporter,
  type LeftRows,
  type SweepSurroundings,
  untilNextTry,
  untilNotHeldBack,
} from '../batch/held-rows.ts';
import { findLeaves, type Leaf } from '../../postgres/partition-tree.ts';
import { settle } from '../batch/settle.ts';

/** Largest number of rows in one transaction of the sweep, and of locked rows that it remembers. */
const SWEEP_ROWS = 5_000;
/** Blocks for one query, so that many rejects are not read again and again. */
const WINDOW_BLOCKS = 4_096;

/**
 * Fills the rows that the ranges have left. Some were locked, some were moved by an update, and some have a value
 * without a faithful new one, which become rejects. It ends when every row is filled or a reject.
 * @param session has a lock timeout far below `deadlock_timeout`
 * @throws BackfillError if a trigger or a constraint of the table prevents the update of a row
 */
export async function sweep(session: Session, surroundings: SweepSurroundings): Promise<void> {
  const { fill, emit } = surroundings;
  const reportHolders = holderReporter(session, fill, emit);
  for (;;) {
    await untilNotHeldBack(session, surroundings);
    try {
      if (!(await hasUnfilled(session, fill))) return;
      await keepTriggersSilent(session, fill);
      const left = await sweepLeaves(session, surroundings);
      await awaitHeldRows(session, surroundings, left, reportHolders);
    } catch (error) {
      if (!isLockConflict(error)) throw error;
      await reportHolders();
      await untilNextTry(session, surroundings, 'others have locked the table');
    }
  }
}

/** Sweeps all leaves once; returns rows that could not be settled. */
async function sweepLeaves(session: Session, surroundings: SweepSurroundings): Promise<LeftRows> {
  const left = new Map<string, string[]>();
  let room = SWEEP_ROWS;
  for (const leaf of await findLeaves(session, surroundings.fill.names.table)) {
    const tids = await sweepLeaf(session, surroundings, leaf);
    if (tids.length > 0) left.set(leaf.name, tids.slice(0, room));
    room -= tids.length;
    if (room <= 0) break;
  }
  return left;
}

/** Sweeps a leaf until a number of rows could not be settled; returns these. */
async function sweepLeaf(session: Session, surroundings: SweepSurroundings, leaf: Leaf): Promise<string[]> {
  const { fill, signal } = surroundings;
  const left: string[] = [];
  for (let firstBlock = 0; firstBlock < leaf.blocks; firstBlock += WINDOW_BLOCKS) {
    await untilNotHeldBack(session, surroundings);
    for (;;) {
      signal.throwIfAborted();
      const tids = await findStragglers(session, fill, leaf.name, firstBlock);
      const settled = tids.length === 0 ? 0 : await settle(session, fill, leaf.name, tids);
      if (settled > 0 && tids.length === SWEEP_ROWS) continue;
      if (settled < tids.length) left.push(...(await findLeft(session, fill, leaf.name, tids)));
      break;
    }
    if (left.length >= SWEEP_ROWS) break;
  }
  return left;
}

async function findStragglers(
  session: Session,
  fill: ChangeFill,
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
