import type { Emit } from '../../change/events.ts';
import { describeBlocker, findBlockers } from '../../postgres/lock-blockers.ts';
import type { Session } from '../../postgres/session.ts';
import type { BackfillIdentity, BackfillWork } from '../plan/backfill-work.ts';
import { settleInBatches } from './settle-in-batches.ts';
import { type SweepSurroundings, untilNextTry } from './sweep-pauses.ts';

/** Holders change quickly on a busy table, so their names are logged no more often. */
const REPORT_INTERVAL_MS = 10_000;

/** Rows that a pass of the sweep has left, as `ctid` texts, by their leaf. */
export type LeftRows = ReadonlyMap<string, readonly string[]>;

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
  for (let rows = left; ;) {
    rows = await tryAgain(session, surroundings, rows);
    const count = [...rows.values()].reduce((sum, tids) => sum + tids.length, 0);
    if (count === 0) return;
    await reportHolders();
    const what = count === 1 ? 'a row' : `${count} rows`;
    await untilNextTry(session, surroundings, `other transactions hold ${what}`);
  }
}

/** Tries the rows once; returns the remaining ones. */
async function tryAgain(
  session: Session,
  surroundings: SweepSurroundings,
  rows: LeftRows,
): Promise<LeftRows> {
  const { fill } = surroundings;
  const left = new Map<string, string[]>();
  for (const [leaf, tids] of rows) {
    const settled = await settleInBatches(session, surroundings, leaf, tids);
    if (settled === 0) await fill.refuseWithoutEffect(session, leaf, tids);
    const rest = await findLeft(session, fill, leaf, tids);
    if (rest.length > 0) left.set(leaf, rest);
  }
  return left;
}

/** Returns the rows that are still neither filled nor rejects. */
export async function findLeft(
  session: Session,
  fill: BackfillWork,
  leaf: string,
  tids: readonly string[],
): Promise<string[]> {
  const { rows } = await session.query<{ tid: string }>(
    `select ${fill.alias}.ctid::text as tid from ${leaf} as ${fill.alias} where ${fill.alias}.ctid = any ($1::tid[]) and ${fill.isUnfilled()}`,
    [tids],
  );
  return rows.map(({ tid }) => tid);
}

/** Reports the transactions that may hold rows: at once, and again when they have changed. */
export function holderReporter(session: Session, fill: BackfillIdentity, emit: Emit): () => Promise<void> {
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
