import type { Queryable } from '../../postgres/queryable.ts';
import { pause } from '../../postgres/pause.ts';
import { SQLSTATE, sqlState } from '../../postgres/database-error.ts';
import type { Session } from '../../postgres/session.ts';
import type { AutovacuumHold } from './autovacuum-hold.ts';
import { isLockConflict } from '../../postgres/database-error.ts';
import type { Fill } from '../plan/fill.ts';

/** Share of its planned blocks that a leaf may grow by before it is vacuumed, and once more after each vacuum. */
const GROWTH_PER_VACUUM = 0.05;
/** Longer than the session's statement timeout: it is what ends a vacuum. */
const LONGEST_VACUUM_MS = 120_000;

/**
 * Lets later ranges move their rows into the room that earlier ones have left, and not to the end of the heap.
 *
 * Behind its last pass, a page has room again, where the versions of the last stripe were; only a vacuum tells the free space
 * map of it. A vacuum reads every page that was changed since the last one, so it pays once the heap has grown: with rows of
 * which two fit on a page, half of them move, and without a vacuum the heap grows by half.
 */
export class SpaceReuse {
  readonly #fill: Fill;
  readonly #hold: AutovacuumHold;
  /** Blocks that a leaf had when it was planned, or was vacuumed last; endless where a vacuum takes too long. */
  readonly #blocksBefore = new Map<string, number>();

  /**
   * @param fill the backfill whose plan knows how large each leaf was
   * @param hold keeps other vacuums away, and this one too
   */
  constructor(fill: Fill, hold: AutovacuumHold) {
    this.#fill = fill;
    this.#hold = hold;
  }

  /**
   * To be called when a range is done: vacuums its leaf where that has grown enough. Neither reads nor writes wait for it.
   * @param leaf schema and name, quoted
   * @param signal ends the wait for the vacuum; the server may go on with it
   */
  async rangeDone(session: Session, leaf: string, signal: AbortSignal): Promise<void> {
    await this.#hold.without(() => this.#vacuumIfGrown(session, leaf, signal));
  }

  async #vacuumIfGrown(session: Session, leaf: string, signal: AbortSignal): Promise<void> {
    const planned = await readPlannedBlocks(session, this.#fill, leaf);
    const before = this.#blocksBefore.get(leaf) ?? planned;
    if ((await readBlocks(session, leaf)) - before < planned * GROWTH_PER_VACUUM) return;
    const outcome = await vacuum(session, leaf, signal);
    if (outcome === 'locked out') return;
    const isDone = outcome === 'done';
    this.#blocksBefore.set(leaf, isDone ? await readBlocks(session, leaf) : Number.POSITIVE_INFINITY);
  }
}

/**
 * @returns `too long` where it did not come to its end within the session's statement timeout; what it did until then stays
 *   done. `locked out` where another process has such a lock on the leaf.
 */
async function vacuum(
  session: Session,
  leaf: string,
  signal: AbortSignal,
): Promise<'done' | 'too long' | 'locked out'> {
  const ended = new AbortController();
  try {
    await Promise.race([
      // Its index entries are left to autovacuum. To give pages back would take ACCESS EXCLUSIVE.
      session.query(`vacuum (index_cleanup off, truncate off) ${leaf}`),
      pause(LONGEST_VACUUM_MS, AbortSignal.any([signal, ended.signal])),
    ]);
    return 'done';
  } catch (error) {
    if (isLockConflict(error)) return 'locked out';
    if (sqlState(error) !== SQLSTATE.queryCanceled) throw error;
    return 'too long';
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
