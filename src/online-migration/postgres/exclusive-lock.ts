import { readPatienceMs } from './autovacuum-patience.ts';
import type { LockMode } from './lock-blockers.ts';
import { type LockTries, untilLocked, type Wait } from './lock-retries.ts';
import type { Session } from './session.ts';

/**
 * How long a statement may last beyond its lock waits. The statements only change the catalog; a longer one scans the
 * table.
 */
const STATEMENT_TIMEOUT_MS = 10_000;
/**
 * Other sessions already wait for the table. A lock that is not free at once may belong to a transaction that waits
 * too.
 */
const UNDER_LOCK_TIMEOUT_MS = 20;
/**
 * Otherwise the lock would last until the disk has the commit, and a synchronous replica, too. If the server crashes before, the whole
 * transaction is lost, with its entry in the ledger. A later commit of the application waits for the disk, and so for this one.
 */
const COMMIT_WITHOUT_WAIT = 'set local synchronous_commit = off';
/** The server, the database or the role may have turned the wait off, or the one for a synchronous replica. */
const COMMIT_WITH_WAIT = `select set_config('synchronous_commit', 'on', true) where current_setting('synchronous_commit') in ('off', 'local')`;
/** Nothing to do. */
export const EMPTY_PLAN: LockedPlan = { statements: [], furtherTables: [] };

/** A plan of statements that lock no other relation. */
export function planOf(...statements: readonly string[]): LockedPlan {
  return { statements, furtherTables: [] };
}

/** The work under an exclusive lock, prepared from the catalog before the lock is taken. */
export interface LockedPlan {
  /** Run in this order, in one message. They only change the catalog. */
  readonly statements: readonly string[];
  /**
   * Other tables that the statements lock, and that refer to the table or have policies that read it: schema and name, quoted. A
   * write of a row locks its table, then the table that it refers to; a query locks its table, then those that its policies
   * read. In the opposite order, the two would wait for each other.
   */
  readonly furtherTables: readonly string[];
  /** Tables that the statements lock, and to which the table refers. They are locked behind it, in the order of a write. */
  readonly referencedTables?: readonly string[];
  /** The lock mode for these and the further tables; default ACCESS EXCLUSIVE. */
  readonly furtherMode?: 'share row exclusive';
  /**
   * The sequences that the statements lock: schema and name, quoted. They are locked after the table, in the order of
   * an insert. In the opposite order, an insert that holds the table and waits for a number would deadlock with the
   * phase.
   */
  readonly sequences?: readonly string[];
  /**
   * Statements that run before the table's lock is requested, and lock one other relation each: `drop view`. A query
   * of a view locks the view first, then the table. In the opposite order, the two would wait for each other.
   */
  readonly earlier?: readonly EarlierStatements[];
}

/** Statements that run before the table's lock is requested. */
export interface EarlierStatements {
  /** The relation that they lock: schema and name, quoted. */
  readonly relation: string;
  readonly statements: readonly string[];
}

/** The tables to lock, and the work under the lock. */
interface ExclusiveLock extends LockTries {
  readonly table: string;
  readonly change: string;
  readonly before?: () => Promise<void>;
  readonly plan?: () => Promise<LockedPlan>;
  readonly last?: () => Promise<void>;
  readonly isDurable?: boolean;
}

/**
 * Runs catalog changes under ACCESS EXCLUSIVE without making the application wait.
 *
 * 1. Open one short transaction with its own lock timeout and statement timeout.
 * 2. Lock the table in SHARE UPDATE EXCLUSIVE, which conflicts with neither reads nor writes. The request waits at
 *    least two seconds, so that autovacuum gives way. From here on no autovacuum starts, and nobody can attach a
 *    check or an index to the table. So the catalog that `plan` reads stays valid. Run `before` and `plan`, then take
 *    the same lock on the further tables of the plan.
 * 3. Run the earlier statements of the plan, which together wait no longer than one lock timeout. Take the exclusive
 *    locks in the order in which a write or a query takes its own: the tables that lead to the table, ACCESS EXCLUSIVE on
 *    the table itself, the tables to which it refers. Run the plan's statements in one message, because the lock would also last
 *    for the round trip of each, however many columns and attachments there are. They wait at most 20 ms for any other lock.
 *    Run `last`, then commit, without a wait for the disk unless `isDurable`. (PostgreSQL always waits if the transaction drops an
 *    index or a table.)
 * 4. After a lock timeout or a deadlock: roll back, report the blockers, and try again until the budget is spent.
 *
 * @param session the session that runs it
 * @param options.table schema and name of the table to lock, quoted
 * @param options.purpose the purpose of the lock, for events and errors: `expand`
 * @param options.emit receives an event for each retry, and one with the time for which the lock was held
 * @param options.settings lock timeout and budget
 * @param options.signal ends the tries between two of them
 * @param options.before statements of the transaction before the exclusive lock
 * @param options.plan prepares the statements under the lock
 * @param options.last further statements under the lock, for which the plan's statements must have run, or which write the
 *   package's own tables
 * @param options.isDurable the lock lasts until the commit is durable, whatever `synchronous_commit` is: for a commit after which
 *   applications write something that they must not write without it
 * @returns how long the lock was held, in milliseconds
 * @throws LockNotGrantedError when the budget is spent
 * @see https://www.postgresql.org/docs/current/routine-vacuuming.html#AUTOVACUUM
 */
export async function underExclusiveLock(session: Session, options: ExclusiveLock): Promise<number> {
  const { lockTimeoutMs } = options.settings;
  const longestPatienceMs = await readPatienceMs(session);
  const heldMs = await untilLocked(session, options, (leftMs, waitsFor) => {
    const patienceMs = Math.max(lockTimeoutMs, Math.min(longestPatienceMs, leftMs));
    waitsFor({ relations: [options.table], mode: 'share update exclusive', timeoutMs: patienceMs });
    return lockAndRun(session, options, patienceMs, waitsFor);
  });
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
}

/**
 * Tries once.
 * @param waitsFor receives each lock before it is requested
 * @returns how long the lock was held, in milliseconds
 */
async function lockAndRun(
  session: Session,
  { table, settings, before, plan: makePlan, last, isDurable = false }: ExclusiveLock,
  patienceMs: number,
  waitsFor: (wait: Wait) => void,
): Promise<number> {
  const { lockTimeoutMs } = settings;
  const run = async (wait: Wait, statements: readonly string[]) => {
    waitsFor(wait);
    await session.batch([...limits(wait.timeoutMs), ...statements]);
  };
  const lock = (relation: string, mode: LockMode, timeoutMs: number) =>
    run({ relations: [relation], mode, timeoutMs }, [`lock table ${relation} in ${mode} mode`]);
  let lockedAt = 0;
  await session.transaction(async () => {
    await lock(table, 'share update exclusive', patienceMs);
    await session.batch([...limits(lockTimeoutMs), isDurable ? COMMIT_WITH_WAIT : COMMIT_WITHOUT_WAIT]);
    await before?.();
    const plan = (await makePlan?.()) ?? EMPTY_PLAN;
    const { statements, furtherTables, referencedTables = [], furtherMode = 'access exclusive' } = plan;
    const { sequences = [], earlier = [] } = plan;
    for (const further of [...furtherTables, ...referencedTables])
      await lock(further, 'share update exclusive', patienceMs);
    const deadline = performance.now() + lockTimeoutMs;
    const leftMs = () => Math.max(UNDER_LOCK_TIMEOUT_MS, deadline - performance.now());
    for (const one of earlier)
      await run({ relations: [one.relation], mode: 'access exclusive', timeoutMs: leftMs() }, one.statements);
    for (const further of furtherTables) await lock(further, furtherMode, lockTimeoutMs);
    await lock(table, 'access exclusive', lockTimeoutMs);
    lockedAt = performance.now();
    for (const referenced of referencedTables) await lock(referenced, furtherMode, lockTimeoutMs);
    const wait: Wait = {
      relations: sequences.length > 0 ? sequences : [table, ...furtherTables, ...referencedTables],
      mode: 'access exclusive',
      timeoutMs: Math.min(lockTimeoutMs, UNDER_LOCK_TIMEOUT_MS),
    };
    await run(wait, statements);
    await last?.();
  });
  return performance.now() - lockedAt;
}

/** Statements that limit how long the later ones of the transaction wait. */
function limits(timeoutMs: number): readonly string[] {
  return [
    `set local lock_timeout = ${Math.ceil(timeoutMs)}`,
    `set local statement_timeout = ${Math.ceil(STATEMENT_TIMEOUT_MS + timeoutMs)}`,
  ];
}
