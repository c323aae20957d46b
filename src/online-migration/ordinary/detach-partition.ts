import { lockBesideTraffic } from '../postgres/autovacuum-patience.ts';
import { isLockConflict, SQLSTATE, sqlState } from '../postgres/database-error.ts';
import { type LockTries, untilLocked } from '../postgres/lock-retries.ts';
import type { Session } from '../postgres/session.ts';
import type { DetachStep } from './planning/step.ts';

/** How long `finalize` may last, in lock timeouts: it has a lock timeout for each older transaction. */
const FINALIZE_LOCK_TIMEOUTS = 5;

/** `pending`: queries of the partitioned table do not read the partition any more, and it is still attached. */
type DetachState = 'attached' | 'pending' | 'detached';

/** The session that runs a step, and how patiently. */
export interface OutsideRun extends LockTries {
  readonly session: Session;
  /** Whether an earlier run began the step and did not record its end. */
  readonly hasBegun: boolean;
}

/**
 * Detaches a partition. Nobody who reads the partition itself waits longer than the lock timeout behind it.
 *
 * 1. `detach partition … concurrently`, with the lock timeout. PostgreSQL makes it pending, waits for older transactions that use the
 *    partitioned table, and locks the partition in ACCESS EXCLUSIVE. After the timeout, it stays pending.
 * 2. If it is pending: `detach partition … finalize`, with the lock timeout, until it succeeds. PostgreSQL locks the partition in
 *    ACCESS EXCLUSIVE, and waits under that lock for older snapshots.
 *
 * @throws LockNotGrantedError when the budget is spent; the same command goes on
 * @see https://www.postgresql.org/docs/current/sql-altertable.html
 */
export async function detachPartition(run: OutsideRun, step: DetachStep): Promise<void> {
  const { session, settings, signal } = run;
  const { statements, parent, partition, relations } = step;
  const { lockTimeoutMs } = settings;
  let hasBegun = run.hasBegun;
  let state: DetachState = 'attached';
  const tries: LockTries = {
    ...run,
    isConflict: (error) =>
      isLockConflict(error) || (sqlState(error) === SQLSTATE.queryCanceled && !signal.aborted),
    stateAfter: () =>
      state === 'pending'
        ? `${partition} stays attached, while ${parent} does not show its rows any more`
        : 'nothing was changed',
  };
  await untilLocked(session, tries, async (leftMs, waitsFor, number) => {
    waitsFor({ relations, mode: 'access exclusive', timeoutMs: lockTimeoutMs });
    // The statement runs in no transaction, so autovacuum could only come again in between.
    if (number > 1)
      await session.transaction(() => lockBesideTraffic(session, [parent, partition], leftMs, 'alone'));
    state = await readState(session, step);
    if (state === 'detached' && hasBegun) return;
    hasBegun = true;
    if (state === 'pending')
      return finalize(session, `alter table ${parent} detach partition ${partition} finalize`, lockTimeoutMs);
    try {
      await session.runUnlimited(statements[0], lockTimeoutMs);
    } catch (error) {
      if (!session.lost.aborted) state = await readState(session, step);
      throw error;
    }
  });
}

async function finalize(session: Session, statement: string, lockTimeoutMs: number): Promise<void> {
  await session.transaction(async () => {
    await session.query(`set local lock_timeout = ${Math.ceil(lockTimeoutMs)}`);
    await session.query(`set local statement_timeout = ${Math.ceil(FINALIZE_LOCK_TIMEOUTS * lockTimeoutMs)}`);
    await session.query(statement);
  });
}

async function readState(session: Session, { parent, partition }: DetachStep): Promise<DetachState> {
  const { rows } = await session.query<{ isPending: boolean }>(
    `
    select inhdetachpending as "isPending" from pg_catalog.pg_inherits
    where inhparent = to_regclass($1) and inhrelid = to_regclass($2)`,
    [parent, partition],
  );
  if (rows.length === 0) return 'detached';
  return rows[0]!.isPending ? 'pending' : 'attached';
}
