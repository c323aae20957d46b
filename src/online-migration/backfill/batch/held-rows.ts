import type { Emit } from '../../change/events.ts';
import { describeBlocker, findBlockers } from '../../postgres/lock-blockers.ts';
import { pause } from '../../postgres/pause.ts';
import type { Session } from '../../postgres/session.ts';
import { isLockConflict } from '../../postgres/database-error.ts';
import { advanceSweep } from '../plan/checkpoint.ts';
import type { ChangeFill } from '../plan/fill.ts';
import { isColumnUnfilled, isFilled, isUnfilled, valueIf } from '../plan/unfilled.ts';
import { updateHasNoEffect } from './refused-update.ts';
import { isRowError } from './row-error.ts';
import { settle } from './settle.ts';

/** Interval between two tries of locked rows. */
const TRY_MS = 250;
/** Holders change quickly on a busy table, so their names are logged no more often. */
const REPORT_INTERVAL_MS = 10_000;

/** Rows that a pass of the sweep has left, as `ctid` texts, by their leaf. */
export type LeftRows = ReadonlyMap<string, readonly string[]>;

/** Input of the sweep besides its session. */
export interface SweepSurroundings {
  readonly fill: ChangeFill;
  /** Ends it between two transactions. */
  readonly signal: AbortSignal;
  readonly emit: Emit;
  /**
   * Reads the controls and the load on the application, and shows the reason for waiting.
   * @param otherReason the reason if neither applies; null if it does not wait
   * @returns whether one of the two applies
   */
  readonly isHeldBack: (session: Session, otherReason: string | null) => Promise<boolean>;
}

/** Waits while the controls or the load require it. */
export async function untilNotHeldBack(session: Session, surroundings: SweepSurroundings): Promise<void> {
  while (await surroundings.isHeldBack(session, null)) await pause(TRY_MS, surroundings.signal);
}

/**
 * Waits briefly, and longer while the controls or the load require it.
 * @param reason the reason for the brief wait
 */
export async function untilNextTry(
  session: Session,
  { isHeldBack, signal }: SweepSurroundings,
  reason: string,
): Promise<void> {
  do await pause(TRY_MS, signal);
  while (await isHeldBack(session, reason));
}

/**
 * Waits until no other session holds the rows: each is filled, a reject, or was moved by an update.
 *
 * 1. Try only these rows, four times a second; the table is not read.
 * 2. Report the transactions whose locks may be the reason.
 *
 * @param reportHolders reports the possible holders
 * @throws BackfillError if a row is not locked, and its update has no effect
 */
export async function awaitHeldRows(
  session: Session,
  surroundings: SweepSurroundings,
  left: LeftRows,
  reportHolders: () => Promise<void>,
): Promise<void> {
  const { fill } = surroundings;
  for (let rows = left; ;) {
    rows = await tryAgain(session, fill, rows);
    const count = [...rows.values()].reduce((sum, tids) => sum + tids.length, 0);
    if (count === 0) return;
    await reportHolders();
    const what = count === 1 ? 'a row' : `${count} rows`;
    await untilNextTry(session, surroundings, `other transactions hold ${what}`);
  }
}

/** Tries the rows once; returns the remaining ones. */
async function tryAgain(session: Session, fill: ChangeFill, rows: LeftRows): Promise<LeftRows> {
  const left = new Map<string, string[]>();
  for (const [leaf, tids] of rows) {
    const settled = await settle(session, fill, leaf, tids);
    if (settled === 0) await refuseWithoutEffect(session, fill, leaf, tids);
    const rest = await findLeft(session, fill, leaf, tids);
    if (rest.length > 0) left.set(leaf, rest);
  }
  return left;
}

/** Returns the rows that are still neither filled nor rejects. */
export async function findLeft(
  session: Session,
  fill: ChangeFill,
  leaf: string,
  tids: readonly string[],
): Promise<string[]> {
  const { rows } = await session.query<{ tid: string }>(
    `select t.ctid::text as tid from ${leaf} as t where t.ctid = any ($1::tid[]) and ${isUnfilled(fill, 't')}`,
    [tids],
  );
  return rows.map(({ tid }) => tid);
}

/**
 * Fills one of the unlocked rows, if there is one.
 * @throws BackfillError if its update has no effect
 */
async function refuseWithoutEffect(
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

/** Reports the transactions that may hold rows: at once, and again when they have changed. */
export function holderReporter(session: Session, fill: ChangeFill, emit: Emit): () => Promise<void> {
  let reported = '';
  let reportedAt = Number.NEGATIVE_INFINITY;
  return async () => {
    if (performance.now() - reportedAt < REPORT_INTERVAL_MS) return;
    const holders = await findBlockers(session, { relations: [fill.names.table], mode: 'rows' });
    const transactions = holders.map(({ transaction }) => transaction).join(' ');
    if (transactions === reported || holders.length === 0) return;
    reported = transactions;
    reportedAt = performance.now();
    emit({
      type: 'waiting-for-rows',
      change: fill.names.change,
      during: 'backfill',
      blockers: holders,
      message:
        `backfill: waits for rows that others hold; transactions that have locked the table, the oldest first: ` +
        holders.map(describeBlocker).join('; '),
    });
  };
}
