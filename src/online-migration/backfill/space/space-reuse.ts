import type { Queryable } from '../../postgres/queryable.ts';
import { pause } from '../../postgres/pause.ts';
import { SQLSTATE, sqlState } from '../../postgres/database-error.ts';
import type { Session } from '../../postgres/session.ts';
import type { AutovacuumHold } from './autovacuum-hold.ts';
import { isLockConflict } from '../../postgres/database-error.ts';
import type { BackfillIdentity } from '../plan/backfill-work.ts';
import { STRIPES } from '../plan/stripes.ts';

/** A leaf is vacuumed when it has grown by this share of its planned blocks, and again after the same growth. */
const GROWTH_PER_VACUUM = 0.04;
/**
 * On the way back, a leaf is also vacuumed when this share of its planned blocks has been filled. So a large leaf has ten
 * vacuums, each of which reads its indexes.
 */
const SHARE_PER_VACUUM_BACK = 0.1;
/** A vacuum ends at the session's statement timeout, which is shorter. */
const LONGEST_VACUUM_MS = 120_000;
/** The default of autovacuum. */
const GENTLE_DELAY_MS = 2;

/**
 * Lets later ranges move their rows into space that earlier ranges have freed, instead of extending the heap.
 *
 * After its last pass, a page has free space from the last stripe's old versions. Only a vacuum records it in the
 * free space map. A vacuum reads every page that was changed since the last one, so it is worthwhile only when the
 * heap has grown. If two rows fit on a page, half of them move, and without a vacuum the heap grows by half.
 *
 * A vacuum also cleans the indexes, and on the way back it does so more often. The way there has moved a quarter of the rows into
 * other ranges, next to rows with other keys. When one of these ranges is filled, its moved rows leave dead entries on the index
 * pages of all these keys, and these pages are full before the range of their other keys is filled. (Without that, the way back
 * made the primary key of 1,000,000 rows of 64 bytes 1.17 to 1.19 times as large; with it, 1.00 times, and the heap 1.10 instead of
 * 1.15 times. If the way there did not clean it, the key became 1.10 times as large.)
 */
export class SpaceReuse {
  readonly #fill: BackfillIdentity;
  readonly #hold: AutovacuumHold;
  readonly #isBusy: () => boolean;
  /** Blocks of a leaf when it was planned or last vacuumed; infinite if a vacuum takes too long. */
  readonly #blocksBefore = new Map<string, number>();
  /** Filled blocks of a leaf when it was last vacuumed. */
  readonly #filledBefore = new Map<string, number>();
  /** Leaves whose indexes take too long to clean. A vacuum without them still frees space on the pages. */
  readonly #withLargeIndexes = new Set<string>();

  /**
   * @param fill the backfill whose plan has the size of each leaf
   * @param hold keeps other vacuums away, and this one too
   * @param isBusy whether other sessions are busy
   */
  constructor(fill: BackfillIdentity, hold: AutovacuumHold, isBusy: () => boolean) {
    this.#fill = fill;
    this.#hold = hold;
    this.#isBusy = isBusy;
  }

  /**
   * To be called when a range is finished: vacuums its leaf if that has grown enough. It blocks neither reads nor
   * writes.
   * @param leaf schema and name, quoted
   * @param signal ends the wait for the vacuum; the server may continue it
   */
  async rangeDone(session: Session, leaf: string, signal: AbortSignal): Promise<void> {
    await this.#hold.without(() => this.#vacuumIfGrown(session, leaf, signal));
  }

  async #vacuumIfGrown(session: Session, leaf: string, signal: AbortSignal): Promise<void> {
    const { planned, filled } = await readPlannedBlocks(session, this.#fill, leaf);
    const before = this.#blocksBefore.get(leaf) ?? planned;
    const hasGrown = (await readBlocks(session, leaf)) - before >= planned * GROWTH_PER_VACUUM;
    const isBackward = this.#fill.direction === 'backward';
    const cleansIndexes = !this.#withLargeIndexes.has(leaf);
    const isDue =
      isBackward &&
      cleansIndexes &&
      before !== Number.POSITIVE_INFINITY &&
      filled - (this.#filledBefore.get(leaf) ?? 0) >= planned * SHARE_PER_VACUUM_BACK;
    if (!hasGrown && !isDue) return;
    const outcome = await vacuum(
      session,
      this.#hold,
      leaf,
      { cleansIndexes, isGentle: this.#isBusy() },
      signal,
    );
    if (outcome === 'locked out') return;
    if (outcome === 'too long' && cleansIndexes) {
      this.#withLargeIndexes.add(leaf);
      return;
    }
    const isDone = outcome === 'done';
    this.#blocksBefore.set(leaf, isDone ? await readBlocks(session, leaf) : Number.POSITIVE_INFINITY);
    this.#filledBefore.set(leaf, filled);
  }
}

/**
 * @param how.isGentle whether it rests as often as autovacuum does
 * @returns `too long` if it did not end within the session's statement timeout; its partial work remains. `locked
 *   out` if another session holds a conflicting lock on the leaf, or has waited for the vacuum's own.
 */
async function vacuum(
  session: Session,
  hold: AutovacuumHold,
  leaf: string,
  { cleansIndexes, isGentle }: { readonly cleansIndexes: boolean; readonly isGentle: boolean },
  signal: AbortSignal,
): Promise<'done' | 'too long' | 'locked out'> {
  const ended = new AbortController();
  await session.query(`set vacuum_cost_delay = ${isGentle ? GENTLE_DELAY_MS : 0}`);
  try {
    // Truncating the heap would take ACCESS EXCLUSIVE.
    const statement = `vacuum (index_cleanup ${cleansIndexes ? 'on' : 'off'}, truncate off) ${leaf}`;
    const isDone = await Promise.race([
      hold.vacuumGivingWay(session, statement),
      pause(LONGEST_VACUUM_MS, AbortSignal.any([signal, ended.signal])),
    ]);
    if (isDone === false) return 'locked out';
    return 'done';
  } catch (error) {
    if (isLockConflict(error)) return 'locked out';
    if (sqlState(error) !== SQLSTATE.queryCanceled) throw error;
    return 'too long';
  } finally {
    ended.abort();
  }
}

/** The planned blocks of a leaf, and those of its finished ranges. */
async function readPlannedBlocks(
  database: Queryable,
  { names }: BackfillIdentity,
  leaf: string,
): Promise<{ planned: number; filled: number }> {
  const { rows } = await database.query<{ planned: string | null; filled: string }>(
    `
    select max(end_block) as planned,
      coalesce(sum(end_block - first_block) filter (where stripe >= ${STRIPES}), 0) as filled
    from online_migration.backfill_range
    where change = $1 and leaf = $2`,
    [names.change, leaf],
  );
  return { planned: Number(rows[0]?.planned), filled: Number(rows[0]?.filled) };
}

async function readBlocks(database: Queryable, leaf: string): Promise<number> {
  const { rows } = await database.query<{ blocks: string }>(
    `select pg_relation_size(to_regclass($1)) / current_setting('block_size')::bigint as blocks`,
    [leaf],
  );
  return Number(rows[0]?.blocks);
}
