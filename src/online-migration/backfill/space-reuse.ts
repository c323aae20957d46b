import type { Queryable } from '../column-change.ts';
import { pause } from '../pause.ts';
import { type Session, sqlState } from '../session.ts';
import { AutovacuumHold } from './autovacuum-hold.ts';
import type { Fill } from './fill.ts';

/** Share of its planned blocks that a leaf may grow by before it is vacuumed, and once more after each vacuum. */
const GROWTH_PER_VACUUM = 0.05;
/** SQLSTATE of a statement that ran into its timeout. */
const CANCELED_CODE = '57014';
/** Longer than the session's statement timeout: it is what ends a vacuum. */
const LONGEST_VACUUM_MS = 120_000;

/**
 * Keeps the room that the backfill makes on the pages for the backfill.
 *
 * 1. While a range is being filled, autovacuum stays away: what a pass frees is for the next pass over the same page.
 * 2. Behind its last pass, a page has room again, where the versions of the last stripe were; only a vacuum tells the free
 *    space map of it, and then later ranges move their rows there and not to the end of the heap. A vacuum reads every page
 *    that was changed since the last one, so it pays once the heap has grown: with rows of which two fit on a page, half of
 *    them move, and without a vacuum the heap grows by half.
 */
export class SpaceReuse implements AsyncDisposable {
  readonly #fill: Fill;
  readonly #hold: AutovacuumHold;
  /** Blocks that a leaf had when it was planned, or was vacuumed last; endless where a vacuum takes too long. */
  readonly #blocksBefore = new Map<string, number>();
  /** Whether a worker is at it, at the begin or the end of a range; the others need not wait for that. */
  #isAtWork = false;

  /**
   * @param fill the backfill whose plan knows how large each leaf was
   * @param openSession opens the session that keeps autovacuum away
   */
  constructor(fill: Fill, openSession: () => Promise<Session>) {
    this.#fill = fill;
    this.#hold = new AutovacuumHold(openSession, fill.names.table);
  }

  /** To be called when a range is begun. */
  async rangeBegun(signal: AbortSignal, log: (line: string) => void): Promise<void> {
    await this.#unlessAtWork(() => this.#hold.take(signal, log));
  }

  /**
   * To be called when a range is done: vacuums its leaf where that has grown enough. Neither reads nor writes wait for it.
   * @param leaf schema and name, quoted
   * @param signal ends the wait for the vacuum; the server may go on with it
   */
  async rangeDone(
    session: Session,
    leaf: string,
    signal: AbortSignal,
    log: (line: string) => void,
  ): Promise<void> {
    await this.#unlessAtWork(async () => {
      await this.#hold.release(signal, log);
      await this.#vacuumIfGrown(session, leaf, signal);
      await this.#hold.take(signal, log);
    });
  }

  /** Lets autovacuum come. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#hold[Symbol.asyncDispose]();
  }

  async #unlessAtWork(work: () => Promise<void>): Promise<void> {
    if (this.#isAtWork) return;
    this.#isAtWork = true;
    try {
      await work();
    } finally {
      this.#isAtWork = false;
    }
  }

  async #vacuumIfGrown(session: Session, leaf: string, signal: AbortSignal): Promise<void> {
    const planned = await readPlannedBlocks(session, this.#fill, leaf);
    const before = this.#blocksBefore.get(leaf) ?? planned;
    if ((await readBlocks(session, leaf)) - before < planned * GROWTH_PER_VACUUM) return;
    const isDone = await vacuum(session, leaf, signal);
    this.#blocksBefore.set(leaf, isDone ? await readBlocks(session, leaf) : Number.POSITIVE_INFINITY);
  }
}

/** @returns whether it came to its end within the session's statement timeout; what it did until then stays done */
async function vacuum(session: Session, leaf: string, signal: AbortSignal): Promise<boolean> {
  const ended = new AbortController();
  try {
    await Promise.race([
      // Its index entries are left to autovacuum. To give pages back would take ACCESS EXCLUSIVE.
      session.query(`vacuum (index_cleanup off, truncate off, skip_locked) ${leaf}`),
      pause(LONGEST_VACUUM_MS, AbortSignal.any([signal, ended.signal])),
    ]);
    return true;
  } catch (error) {
    if (sqlState(error) !== CANCELED_CODE) throw error;
    return false;
  } finally {
    ended.abort();
  }
}

async function readPlannedBlocks(database: Queryable, { names }: Fill, leaf: string): Promise<number> {
  const { rows } = await database.query<{ blocks: string | null }>(
    `select max(end_block) as blocks from online_migration.backfill_range where change = $1 and leaf = $2`,
    [names.change, leaf],
  );
  return Number(rows[0]?.blocks);
}

async function readBlocks(database: Queryable, leaf: string): Promise<number> {
  const { rows } = await database.query<{ blocks: string }>(
    `select pg_relation_size(to_regclass($1)) / current_setting('block_size')::bigint as blocks`,
    [leaf],
  );
  return Number(rows[0]?.blocks);
}
