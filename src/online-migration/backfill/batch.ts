import { type Session, sqlState } from '../session.ts';
import type { Fill } from './fill.ts';

/** A span of heap blocks: from `first` up to, and without, `end`. */
export interface BlockRange {
  readonly first: number;
  readonly end: number;
}

/**
 * Far below `deadlock_timeout` (1 s by default): where a batch and the application each hold a row that the other
 * wants, the batch has given way before the server looks for a victim, so the victim is never the application.
 */
const LOCK_TIMEOUT_MS = 50;

/** SQLSTATEs after which a batch is done again without the rows that others hold. */
const CONTENTION_CODES = new Set(['55P03', '40P01', '40001']);

/** Rows of one statement of the sweep. */
const SWEEP_ROWS = 10_000;

/**
 * Fills the rows of one range that are not filled yet, in one transaction with its checkpoint.
 *
 * A range with a locked row is done again without the locked rows; the sweep fills them later. The commit does not
 * wait for the disk: a crash of the server loses rows and checkpoint together.
 *
 * @param checkpoint writes the checkpoint; receives the number of rows filled
 * @returns the number of rows filled
 */
export async function fillRange(
  session: Session,
  fill: Fill,
  range: BlockRange,
  checkpoint: (rowsFilled: number) => Promise<void>,
): Promise<number> {
  const attempt = async (update: () => Promise<number>) =>
    session.transaction(async () => {
      await session.query(`set local synchronous_commit = off`);
      await session.query(`set local lock_timeout = ${LOCK_TIMEOUT_MS}`);
      const rowsFilled = await update();
      await checkpoint(rowsFilled);
      return rowsFilled;
    });
  try {
    return await attempt(() => updateRange(session, fill, range));
  } catch (error) {
    if (!CONTENTION_CODES.has(sqlState(error) ?? '')) throw error;
    return attempt(() => updateUnlockedOfRange(session, fill, range));
  }
}

/**
 * Fills up to 10,000 rows wherever they are, without those that others hold: for rows that were locked, or that an
 * update moved past the range before it was done.
 * @returns the number of rows filled; 0 can also mean that all that are left are locked
 */
export async function fillStragglers(session: Session, fill: Fill): Promise<number> {
  return session.transaction(async () => {
    await session.query(`set local synchronous_commit = off`);
    await session.query(`set local lock_timeout = ${LOCK_TIMEOUT_MS}`);
    return updateStragglers(session, fill);
  });
}

async function updateRange(session: Session, fill: Fill, range: BlockRange): Promise<number> {
  const { rowCount } = await session.query(
    `
    update ${fill.names.table} as t
    set ${fill.target} = ${fill.value}
    where t.ctid >= $1::tid and t.ctid < $2::tid
      and t.${fill.target} is null and t.${fill.source} is not null`,
    [tid(range.first), tid(range.end)],
  );
  return rowCount ?? 0;
}

async function updateUnlockedOfRange(session: Session, fill: Fill, range: BlockRange): Promise<number> {
  const { rowCount } = await session.query(
    `
    with unlocked as materialized (
      select ctid
      from ${fill.names.table}
      where ctid >= $1::tid and ctid < $2::tid and ${fill.target} is null and ${fill.source} is not null
      for no key update skip locked
    )
    update ${fill.names.table} as t
    set ${fill.target} = ${fill.value}
    from unlocked
    where t.ctid = unlocked.ctid`,
    [tid(range.first), tid(range.end)],
  );
  return rowCount ?? 0;
}

async function updateStragglers(session: Session, fill: Fill): Promise<number> {
  const { rowCount } = await session.query(`
    with straggler as materialized (
      select t.ctid
      from ${fill.names.table} as t
      where t.${fill.target} is null and t.${fill.source} is not null and ${fill.value} is not null
      limit ${SWEEP_ROWS}
      for no key update skip locked
    )
    update ${fill.names.table} as t
    set ${fill.target} = ${fill.value}
    from straggler
    where t.ctid = straggler.ctid`);
  return rowCount ?? 0;
}

function tid(block: number): string {
  return `(${block},0)`;
}
