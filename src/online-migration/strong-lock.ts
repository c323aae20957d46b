import { jitteredPauseMs } from './backoff.ts';
import { describeBlocker, findBlockers, type Blocker } from './lock-blockers.ts';
import { pause } from './pause.ts';
import { type Session, sqlState } from './session.ts';
import type { MigrationSettings } from './migration-settings.ts';
import { OnlineMigrationError } from './online-migration-error.ts';

/** The work under the lock is catalog work; longer means that something scans the table after all. */
const STATEMENT_TIMEOUT_MS = 10_000;
const BACKOFF = { shortestMs: 10, longestMs: 5_000 };

/** SQLSTATEs after which the same transaction may succeed later: lock timeout, and deadlock. */
const RETRIED_CODES = new Set(['55P03', '40P01']);

const EMPTY_PLAN: LockedPlan = { statements: [], furtherTables: [] };

/** What is to be done under a strong lock, read from the catalog and put together ahead of it. */
export interface LockedPlan {
  /** To be run one after the other. */
  readonly statements: readonly string[];
  /** The tables besides the one that is changed which the statements lock: schema and name, quoted. */
  readonly furtherTables: readonly string[];
  /** How they lock them; ACCESS EXCLUSIVE where it is left out. */
  readonly furtherMode?: 'share row exclusive';
}

/** A strong lock was not to be had within the budget; nothing was changed. */
export class LockNotGrantedError extends OnlineMigrationError {
  override readonly name = 'LockNotGrantedError';
}

/**
 * Runs catalog changes under ACCESS EXCLUSIVE without making the application wait.
 *
 * 1. One short transaction with a lock timeout and a statement timeout, set for it alone.
 * 2. SHARE UPDATE EXCLUSIVE on the table, beside reads and writes: from here on nobody can attach a check or an index to it,
 *    so what `plan` reads in the catalog still holds under the lock. Then `before` and `plan`.
 * 3. The locks on the further tables of the plan, then ACCESS EXCLUSIVE on the table itself, which so waits for none of them;
 *    then `locked`; then the commit.
 * 4. On a lock timeout or a deadlock: rolled back, the blockers are told, a pause of random length (full jitter,
 *    growing from 10 ms to 5 s), and again; the readers that queued behind the request pass meanwhile.
 * 5. When the budget is spent: an error that names the blockers. There is no last try without a timeout.
 *
 * @param session the session that runs it
 * @param options.table schema and name of the table to lock, quoted
 * @param options.purpose what it is for, in the log and in the error: `expand`
 * @param options.log receives a line for each retry, and one that says for how long the lock was held
 * @param options.settings lock timeout and budget
 * @param options.signal ends the tries between two of them
 * @param options.before statements of the transaction beside reads and writes
 * @param options.plan puts together what `locked` is to do
 * @param options.locked statements under the lock
 * @returns for how long the lock was held, in milliseconds
 * @throws LockNotGrantedError when the budget is spent
 */
export async function underStrongLock(
  session: Session,
  options: {
    readonly table: string;
    readonly purpose: string;
    readonly log: (line: string) => void;
    readonly signal: AbortSignal;
    readonly settings: MigrationSettings;
    readonly before?: () => Promise<void>;
    readonly plan?: () => Promise<LockedPlan>;
    readonly locked: (plan: LockedPlan) => Promise<void>;
  },
): Promise<number> {
  const { lockTimeoutMs, lockBudgetMs } = options.settings;
  const deadline = performance.now() + lockBudgetMs;
  for (let attempt = 1; ; attempt++) {
    options.signal.throwIfAborted();
    let lockedAt = 0;
    let plan = EMPTY_PLAN;
    try {
      await session.transaction(async () => {
        await session.query(`set local statement_timeout = ${STATEMENT_TIMEOUT_MS}`);
        await session.query(`set local lock_timeout = ${lockTimeoutMs}`);
        await session.query(`lock table ${options.table} in share update exclusive mode`);
        await options.before?.();
        plan = (await options.plan?.()) ?? EMPTY_PLAN;
        for (const table of plan.furtherTables) {
          await session.query(`lock table ${table} in ${plan.furtherMode ?? 'access exclusive'} mode`);
        }
        await session.query(`lock table ${options.table} in access exclusive mode`);
        lockedAt = performance.now();
        await options.locked(plan);
      });
      const heldMs = performance.now() - lockedAt;
      options.log(
        `${options.purpose}: held ACCESS EXCLUSIVE on ${options.table} for ${heldMs.toFixed(1)} ms`,
      );
      return heldMs;
    } catch (error) {
      if (!RETRIED_CODES.has(sqlState(error) ?? '')) throw error;
      const blockers = await findBlockers(session, [options.table, ...plan.furtherTables]);
      const pauseMs = jitteredPauseMs(attempt, BACKOFF);
      if (performance.now() + pauseMs > deadline)
        throw notGranted(options, lockBudgetMs, attempt, blockers, error);
      options.log(
        `${options.purpose}: no lock on ${options.table} within ${lockTimeoutMs} ms (try ${attempt}), ` +
          `again in ${Math.round(pauseMs)} ms; ${blockedBy(blockers)}`,
      );
      await pause(pauseMs, options.signal);
    }
  }
}

function blockedBy(blockers: Blocker[]): string {
  if (blockers.length === 0) return 'whoever blocked it has gone';
  return `blocked by ${blockers.map(describeBlocker).join('; ')}`;
}

function notGranted(
  options: { readonly table: string; readonly purpose: string },
  budgetMs: number,
  attempts: number,
  blockers: Blocker[],
  cause: unknown,
): LockNotGrantedError {
  return new LockNotGrantedError(
    `${options.purpose}: ${options.table} could not be locked within ${budgetMs / 1000} s (${attempts} tries); ` +
      `it was rolled back and nothing was changed by it. ${sentence(blockedBy(blockers))}. End what blocks it, then run the same command again.`,
    { cause },
  );
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
