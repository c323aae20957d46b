/** Rows whose place on a page, modulo `divisor`, is `remainder`. */
interface Stripe {
  readonly divisor: number;
  readonly remainder: number;
}

/**
 * The passes over a range: each fills an eighth of each page's rows, but the first eighth takes two passes.
 *
 * The first passes move rows to other pages. Later passes prune the old versions and fit their new versions on the
 * same page (heap-only tuples: no index entry, little WAL). A moved row needs new index entries. An index page that
 * was filled in ascending order has a tenth of its space free, so the first two passes are smaller. The second one
 * reuses the index entries that the first one left dead. (With the first eighth in one pass, the primary key grew by
 * 0 to 19 percent, at random.)
 *
 * A page can be pruned only when all transactions have ended that were running when its old versions were replaced.
 * So a pass covers a whole range, in several batches, before the next pass returns to a page. By then, concurrent
 * batches of other workers have ended. (With all passes over a page in a row, two workers at 1,000,000 rows made the
 * heap 1.5 times and the primary key 1.9 times as large. In this order it is 1.27 and 1.00 times.)
 *
 * On full pages, the heap grows by the bytes of the new columns and by an eighth of the old rows, because the old versions of
 * the last pass leave their space to nobody. The number of columns does not change that share. (300,000 rows of 64 bytes
 * became 1.30 times as large with 8 new bytes and 1.53 times with 24, which is 1.16 and 1.14 times the old rows together
 * with the new bytes. Sixteen passes of a sixteenth each: 1.10 and 1.09 times, for twice the visits of each page.)
 */
const ALL_STRIPES: readonly Stripe[] = [
  { divisor: 16, remainder: 0 },
  { divisor: 16, remainder: 8 },
  ...Array.from({ length: 7 }, (_, n) => ({ divisor: 8, remainder: n + 1 })),
];

/** Number of passes. */
export const STRIPES = ALL_STRIPES.length;

/**
 * The share of a page's rows in a stripe.
 * @param stripe its number, from 0 on
 */
export function shareOf(stripe: number): number {
  return 1 / stripeOf(stripe).divisor;
}

/**
 * A condition on a row: it belongs to a stripe.
 *
 * Rows of one stripe must be spread evenly over every page; otherwise the space that a pass frees is too small for
 * the next one. A hash of the `ctid` does not ensure that, so the place on the page decides. PostgreSQL has no
 * function for it; its low byte is the last byte of a `ctid` in binary format.
 *
 * @param alias of the table
 * @param stripe its number, from 0 on
 */
export function isOfStripe(alias: string, stripe: number): string {
  const { divisor, remainder } = stripeOf(stripe);
  return `get_byte(tidsend(${alias}.ctid), 5) % ${divisor} = ${remainder}`;
}

/** The position of a pass in a range. */
export interface Position {
  /** The number of the current pass, from 0 on; the number of passes when all are done. */
  readonly stripe: number;
  /** The first block that this pass has not filled yet. */
  readonly nextBlock: number;
}

/** For each stripe, and for the end: the share of a page's rows in all earlier passes. */
const SHARES_BEFORE = [0];
for (const { divisor } of ALL_STRIPES) SHARES_BEFORE.push(SHARES_BEFORE.at(-1)! + 1 / divisor);
const SHARES = [...ALL_STRIPES.map(({ divisor }) => 1 / divisor), 0];

/** SQL of the finished blocks of a range `r`; each pass over a block counts as its share of the rows. */
export const BLOCKS_DONE = `(
      (array[${SHARES_BEFORE.join(', ')}])[r.stripe + 1] * (r.end_block - r.first_block)
      + (array[${SHARES.join(', ')}])[r.stripe + 1] * (r.next_block - r.first_block)
    )::float8`;

function stripeOf(stripe: number): Stripe {
  const found = ALL_STRIPES[stripe];
  if (found === undefined) throw new RangeError(`There is no stripe ${stripe}.`);
  return found;
}
