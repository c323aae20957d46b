import type { Emit, OnlineMigrationEvent } from '../change/events.ts';
import { type ErrorDetails, OnlineMigrationError } from '../change/online-migration-error.ts';
import { isLockConflict } from './database-error.ts';
import { type Blocker, describeBlocker, findBlockers, type LockRequest } from './lock-blockers.ts';
import { jitteredPauseMs, pause } from './pause.ts';
import type { Session } from './session.ts';

const BACKOFF = { shortestMs: 10, longestMs: 5_000 };

/** How patiently locks are requested, in milliseconds. */
export interface LockSettings {
  /** Longest wait for an exclusive lock in one try, because every later reader waits behind it. */
  readonly lockTimeoutMs: number;
  /** Longest time over all tries for an exclusive lock. */
  readonly lockBudgetMs: number;
}

/** The lock that a transaction is requesting. */
export interface Wait extends LockRequest {
  /** Timeout for each lock, in milliseconds. */
  readonly timeoutMs: number;
}

/** The work that is tried again. */
export interface LockTries {
  /** The reason for the lock, for events and errors: `enforce: set not null`. */
  readonly purpose: string;
  /** The name of the column change, for the events; undefined in an ordinary migration. */
  readonly change?: string;
  readonly emit: Emit;
  readonly signal: AbortSignal;
  readonly settings: LockSettings;
  /** Whether an error means that a lock was not granted; by default, whether it is PostgreSQL's error for that. */
  readonly isConflict?: (error: unknown) => boolean;
  /** The state when the budget is spent, as a clause; by default, nothing was changed. */
  readonly stateAfter?: () => string;
}

/** A lock was not granted within the budget. Nothing was changed. */
export class LockNotGrantedError extends OnlineMigrationError {
  override readonly name = 'LockNotGrantedError';
}

/**
 * Runs a transaction until its locks are granted.
 *
 * 1. Run it. It has a lock timeout, and tells each lock before it requests it.
 * 2. After a lock timeout or a deadlock it has been rolled back: report the blockers, pause for a random time (full jitter,
 *    growing from 10 ms to 5 s), and try again. Readers that queued behind the request pass in the meantime.
 * 3. When the budget is spent, throw an error that names the blockers. There is no last try without a timeout.
 *
 * @param attempt one try; receives the milliseconds that are left, a function that it tells its locks, and the number of the try from 1
 * @throws LockNotGrantedError when the budget is spent
 */
export async function untilLocked<T>(
  session: Session,
  tries: LockTries,
  attempt: (leftMs: number, waitsFor: (wait: Wait) => void, number: number) => Promise<T>,
): Promise<T> {
  const { signal, emit, settings, isConflict = isLockConflict } = tries;
  const deadline = performance.now() + settings.lockBudgetMs;
  for (let number = 1; ; number++) {
    signal.throwIfAborted();
    let wait: Wait = { relations: [], mode: 'access exclusive', timeoutMs: settings.lockTimeoutMs };
    try {
      return await attempt(deadline - performance.now(), (next) => (wait = next), number);
    } catch (error) {
      if (!isConflict(error)) throw error;
      const blockers = await findBlockers(session, wait);
      const pauseMs = jitteredPauseMs(number, BACKOFF);
      if (performance.now() + pauseMs > deadline) throw notGranted(tries, wait, number, blockers, error);
      emit(lockRetry(tries, wait, { attempt: number, pauseMs, blockers }));
      await pause(pauseMs, signal);
    }
  }
}

function lockRetry(
  { purpose, change }: LockTries,
  { relations, mode, timeoutMs }: Wait,
  retry: { readonly attempt: number; readonly pauseMs: number; readonly blockers: readonly Blocker[] },
): OnlineMigrationEvent {
  return {
    type: 'lock-retry',
    ...(change !== undefined && { change }),
    purpose,
    relations,
    mode,
    timeoutMs,
    ...retry,
    message:
      `${purpose}: no lock${relations.length === 0 ? '' : ` on ${relations.join(', ')}`} within ${Math.round(timeoutMs)} ms ` +
      `(try ${retry.attempt}), again in ${Math.round(retry.pauseMs)} ms; ${blockedBy(relations, retry.blockers)}`,
  };
}

function blockedBy(relations: readonly string[], blockers: readonly Blocker[]): string {
  // Without its relations, nobody can be looked for.
  if (relations.length === 0) return 'another session blocked it';
  if (blockers.length === 0) return 'whoever blocked it has gone';
  return `blocked by ${blockers.map(describeBlocker).join('; ')}`;
}

function notGranted(
  { purpose, settings, stateAfter = () => 'nothing was changed' }: LockTries,
  { relations }: Wait,
  attempts: number,
  blockers: Blocker[],
  cause: unknown,
): LockNotGrantedError {
  return new LockNotGrantedError(
    'LOCK_NOT_GRANTED',
    `${purpose}: ${relations.length === 0 ? 'the lock was not granted' : `${relations.join(', ')} could not be locked`} within ${settings.lockBudgetMs / 1000} s (${attempts} tries); ` +
      `it was rolled back and ${stateAfter()}. ${sentence(blockedBy(relations, blockers))}. End the blocking transactions, then run the same command again.`,
    { purpose, relations, attempts, budgetMs: settings.lockBudgetMs, blockers: blockers.map(blockerDetails) },
    { cause },
  );
}

/** Leaves out the statement, which can contain values of the application. */
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
