import type { OnlineMigrationEvent, Emit } from '../change/events.ts';
import { jitteredPauseMs } from './backoff.ts';
import {
  describeBlocker,
  findBlockers,
  type Blocker,
  type LockMode,
  type LockRequest,
} from './lock-blockers.ts';
import { pause } from './pause.ts';
import { isLockConflict } from './database-error.ts';
import type { Session } from './session.ts';
import { type ErrorDetails, OnlineMigrationError } from '../change/online-migration-error.ts';

/** How long a statement may last beyond its waits. It is catalog work; longer means that something scans the table after all. */
const STATEMENT_TIMEOUT_MS = 10_000;
/** Autovacuum gives way to a session that has waited for `deadlock_timeout`; twice that is enough. */
const DEADLOCK_TIMEOUTS = 2;
const SHORTEST_PATIENCE_MS = 2_000;
/** Others wait for the table by then. A lock that is not free at once may belong to a transaction that waits too. */
const UNDER_LOCK_TIMEOUT_MS = 20;
const BACKOFF = { shortestMs: 10, longestMs: 5_000 };

/** How patiently locks are requested, in milliseconds. */
export interface LockSettings {
  /** Longest wait for an exclusive lock in one try: every later reader waits behind it. */
  readonly lockTimeoutMs: number;
  /** Longest time over all tries for an exclusive lock. */
  readonly lockBudgetMs: number;
}

/** Nothing to do. */
export const EMPTY_PLAN: LockedPlan = { statements: [], furtherTables: [] };

/** What is to be done under a strong lock, read from the catalog and put together ahead of it. */
export interface LockedPlan {
  /** To be run one after the other. */
  readonly statements: readonly string[];
  /** The tables besides the one that is changed which the statements lock: schema and name, quoted. */
  readonly furtherTables: readonly string[];
  /** How they lock them; ACCESS EXCLUSIVE where it is left out. */
  readonly furtherMode?: 'share row exclusive';
  /**
   * The sequences that the statements lock: schema and name, quoted. They are locked behind the table, as an insert does it:
   * the other way round, each insert that has the table and asks for a number would be in the way.
   */
  readonly sequences?: readonly string[];
}

/** The lock that the transaction requests at the moment. */
interface Wait extends LockRequest {
  /** How long it waits for each lock. */
  readonly timeoutMs: number;
}

/** The tables to lock, and the work under the lock. */
interface ExclusiveLock {
  readonly table: string;
  readonly purpose: string;
  /** The name of the column change, for the events. */
  readonly change: string;
  readonly emit: Emit;
  readonly signal: AbortSignal;
  readonly settings: LockSettings;
  readonly before?: () => Promise<void>;
  readonly plan?: () => Promise<LockedPlan>;
  readonly locked: (plan: LockedPlan) => Promise<void>;
}

/** A strong lock was not to be had within the budget; nothing was changed. */
export class LockNotGrantedError extends OnlineMigrationError {
  override readonly name = 'LockNotGrantedError';
}

/**
 * Runs catalog changes under ACCESS EXCLUSIVE without making the application wait.
 *
 * 1. One short transaction with lock timeouts and statement timeouts, set for it alone.
 * 2. SHARE UPDATE EXCLUSIVE on the table, beside reads and writes, which do not queue behind this request either. It waits
 *    two seconds or more, until autovacuum has given way. From here on autovacuum keeps away, and nobody can attach a check
 *    or an index to the table, so what `plan` reads in the catalog still holds under the lock. Then `before` and `plan`; then
 *    the same lock on the further tables of the plan.
 * 3. The strong locks on the further tables, then ACCESS EXCLUSIVE on the table itself, which so waits for none of them; then
 *    `locked`, which waits no longer than 20 ms for any other lock; then the commit.
 * 4. On a lock timeout or a deadlock: rolled back, the blockers are told, a pause of random length (full jitter,
 *    growing from 10 ms to 5 s), and again; the readers that queued behind the request pass meanwhile.
 * 5. When the budget is spent: an error that names the blockers. There is no last try without a timeout.
 *
 * @param session the session that runs it
 * @param options.table schema and name of the table to lock, quoted
 * @param options.purpose what it is for, in the events and in the error: `expand`
 * @param options.emit receives an event for each retry, and one that says for how long the lock was held
 * @param options.settings lock timeout and budget
 * @param options.signal ends the tries between two of them
 * @param options.before statements of the transaction beside reads and writes
 * @param options.plan puts together what `locked` is to do
 * @param options.locked statements under the lock
 * @returns for how long the lock was held, in milliseconds
 * @throws LockNotGrantedError when the budget is spent
 * @see https://www.postgresql.org/docs/current/routine-vacuuming.html#AUTOVACUUM
 */
export async function underExclusiveLock(session: Session, options: ExclusiveLock): Promise<number> {
  const { lockTimeoutMs, lockBudgetMs } = options.settings;
  const deadline = performance.now() + lockBudgetMs;
  const longestPatienceMs = await readPatienceMs(session);
  for (let attempt = 1; ; attempt++) {
    options.signal.throwIfAborted();
    const patienceMs = Math.max(lockTimeoutMs, Math.min(longestPatienceMs, deadline - performance.now()));
    let wait: Wait = { relations: [options.table], mode: 'share update exclusive', timeoutMs: patienceMs };
    try {
      const heldMs = await lockAndRun(session, options, patienceMs, (next) => (wait = next));
      const { purpose, change, table } = options;
      options.emit({
        type: 'lock-held',
        change,
        purpose,
        table,
        mode: 'ACCESS EXCLUSIVE',
        heldMs,
        message: `${purpose}: held ACCESS EXCLUSIVE on ${table} for ${heldMs.toFixed(1)} ms`,
      });
      return heldMs;
    } catch (error) {
      if (!isLockConflict(error)) throw error;
      const blockers = await findBlockers(session, wait);
      const pauseMs = jitteredPauseMs(attempt, BACKOFF);
      if (performance.now() + pauseMs > deadline) throw notGranted(options, wait, attempt, blockers, error);
      options.emit(lockRetry(options, wait, { attempt, pauseMs, blockers }));
      await pause(pauseMs, options.signal);
    }
  }
}

/**
 * One try.
 * @param waitsFor receives each lock before it is requested
 * @returns for how long the lock was held, in milliseconds
 */
async function lockAndRun(
  session: Session,
  { table, settings, before, plan: makePlan, locked }: ExclusiveLock,
  patienceMs: number,
  waitsFor: (wait: Wait) => void,
): Promise<number> {
  const { lockTimeoutMs } = settings;
  const prepareFor = async (wait: Wait) => {
    waitsFor(wait);
    await limitWaits(session, wait.timeoutMs);
  };
  const lock = async (relation: string, mode: LockMode, timeoutMs: number) => {
    await prepareFor({ relations: [relation], mode, timeoutMs });
    await session.query(`lock table ${relation} in ${mode} mode`);
  };
  let lockedAt = 0;
  await session.transaction(async () => {
    await lock(table, 'share update exclusive', patienceMs);
    await limitWaits(session, lockTimeoutMs);
    await before?.();
    const plan = (await makePlan?.()) ?? EMPTY_PLAN;
    const { furtherTables, furtherMode = 'access exclusive', sequences = [] } = plan;
    for (const further of furtherTables) await lock(further, 'share update exclusive', patienceMs);
    for (const further of furtherTables) await lock(further, furtherMode, lockTimeoutMs);
    await lock(table, 'access exclusive', lockTimeoutMs);
    lockedAt = performance.now();
    await prepareFor({
      relations: sequences.length > 0 ? sequences : [table, ...furtherTables],
      mode: 'access exclusive',
      timeoutMs: Math.min(lockTimeoutMs, UNDER_LOCK_TIMEOUT_MS),
    });
    await locked(plan);
  });
  return performance.now() - lockedAt;
}

async function limitWaits(session: Session, timeoutMs: number): Promise<void> {
  await session.script(
    `set local lock_timeout = ${Math.ceil(timeoutMs)};
     set local statement_timeout = ${Math.ceil(STATEMENT_TIMEOUT_MS + timeoutMs)}`,
  );
}

/** How long to wait for a lock that autovacuum holds, in milliseconds. */
async function readPatienceMs(session: Session): Promise<number> {
  const { rows } = await session.query<{ milliseconds: number }>(
    `select setting::float8 as milliseconds from pg_catalog.pg_settings where name = 'deadlock_timeout'`,
  );
  return Math.max(SHORTEST_PATIENCE_MS, DEADLOCK_TIMEOUTS * (rows[0]?.milliseconds ?? 0));
}

function lockRetry(
  { purpose, change }: ExclusiveLock,
  { relations, mode, timeoutMs }: Wait,
  retry: { readonly attempt: number; readonly pauseMs: number; readonly blockers: readonly Blocker[] },
): OnlineMigrationEvent {
  return {
    type: 'lock-retry',
    change,
    purpose,
    relations,
    mode,
    timeoutMs,
    ...retry,
    message:
      `${purpose}: no lock on ${relations.join(', ')} within ${Math.round(timeoutMs)} ms (try ${retry.attempt}), ` +
      `again in ${Math.round(retry.pauseMs)} ms; ${blockedBy(retry.blockers)}`,
  };
}

function blockedBy(blockers: readonly Blocker[]): string {
  if (blockers.length === 0) return 'whoever blocked it has gone';
  return `blocked by ${blockers.map(describeBlocker).join('; ')}`;
}

function notGranted(
  { purpose, settings }: ExclusiveLock,
  { relations }: Wait,
  attempts: number,
  blockers: Blocker[],
  cause: unknown,
): LockNotGrantedError {
  return new LockNotGrantedError(
    'LOCK_NOT_GRANTED',
    `${purpose}: ${relations.join(', ')} could not be locked within ${settings.lockBudgetMs / 1000} s (${attempts} tries); ` +
      `it was rolled back and nothing was changed by it. ${sentence(blockedBy(blockers))}. End what blocks it, then run the same command again.`,
    { purpose, relations, attempts, budgetMs: settings.lockBudgetMs, blockers: blockers.map(blockerDetails) },
    { cause },
  );
}

/** Without its statement, which can hold values of the application. */
function blockerDetails({
  transaction,
  pid,
  gid,
  application,
  owner,
  state,
  seconds,
}: Blocker): ErrorDetails {
  return { transaction, pid, gid, application, owner, state, seconds };
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
