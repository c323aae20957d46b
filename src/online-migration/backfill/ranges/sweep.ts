import type { Session } from '../../postgres/session.ts';
import { isLockConflict } from '../../postgres/database-error.ts';
import type { BackfillWork } from '../plan/backfill-work.ts';
import { awaitHeldRows, findLeft, holderReporter, type LeftRows } from './held-rows.ts';
import { settleInBatches } from './settle-in-batches.ts';
import { type SweepSurroundings, untilNextTry, untilNotHeldBack } from './sweep-pauses.ts';
import { findLeaves, type Leaf } from '../../postgres/partition-tree.ts';

/** Largest number of rows that one query finds, and of locked rows that the sweep remembers. */
const SWEEP_ROWS = 5_000;
/** Blocks for one query, so that many rejects are not read again and again. */
const WINDOW_BLOCKS = 4_096;

/**
 * Fills the rows that the ranges have left. Some were locked, some were moved by an update, and some have a value
 * without a faithful new one, which become rejects. It ends when every row is filled or a reject.
 * @param session has a lock timeout far below `deadlock_timeout`
 * @returns false if rows are left, because new ones keep coming
 * @throws BackfillError if a trigger or a constraint of the table prevents the update of a row
 */
export async function sweep(session: Session, surroundings: SweepSurroundings): Promise<boolean> {
  const { fill, emit } = surroundings;
  const reportHolders = holderReporter(session, fill, emit);
  for (let sweeps = 0; ; sweeps++) {
    await untilNotHeldBack(session, surroundings);
    try {
      if (!(await hasUnfilled(session, fill))) return true;
      if (sweeps >= fill.mostSweeps) return false;
      await fill.prepare(session);
      const left = await sweepLeaves(session, surroundings);
      await awaitHeldRows(session, surroundings, left, reportHolders);
    } catch (error) {
      if (!isLockConflict(error)) throw error;
      await reportHolders();
      await untilNextTry(session, surroundings, 'others have locked the table');
    }
  }
}

/** Whether any row is left to fill. Reads the table up to the first one. */
async function hasUnfilled(session: Session, fill: BackfillWork): Promise<boolean> {
  const { rows } = await session.withoutStatementTimeout(() =>
    session.query<{ found: boolean }>(
      `select exists (select from ${fill.names.table} as ${fill.alias} where ${fill.isUnfilled()}) as found`,
    ),
  );
  return rows[0]!.found;
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
      const settled = await settleInBatches(session, surroundings, leaf.name, tids);
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
  fill: BackfillWork,
  leaf: string,
  firstBlock: number,
): Promise<string[]> {
  const { rows } = await session.query<{ tid: string }>(
    `
    select ${fill.alias}.ctid::text as tid
    from ${leaf} as ${fill.alias}
    where ${fill.alias}.ctid >= $1::tid and ${fill.alias}.ctid < $2::tid and ${fill.isUnfilled()}
    limit ${SWEEP_ROWS}`,
    [`(${firstBlock},0)`, `(${firstBlock + WINDOW_BLOCKS},0)`],
  );
  return rows.map(({ tid }) => tid);
}
