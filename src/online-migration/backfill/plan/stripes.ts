/** Rows of a page whose place on it, divided by `divisor`, leaves `remainder`. */
interface Stripe {
  readonly divisor: number;
  readonly remainder: number;
}

/**
 * The passes that share the rows of a range: an eighth of each page in each, the first eighth in two halves.
 *
 * The first passes move rows to other pages. The later ones prune what these have left and fit their new versions on the
 * same page (heap-only tuples: no index entry, little WAL). A row that moves needs new index entries; an index page that was
 * filled in ascending order has a tenth of it free, so the first passes are smaller than that, and the second finds the
 * entries dead that the first has replaced. (With the first eighth in one pass, the primary key grew by 0 to 19 percent,
 * as chance had it.)
 *
 * A page can be pruned once every transaction has ended that ran when its old versions were replaced. So a pass goes
 * through a whole range, in several batches, before the next one comes back to a page: by then the batches of other workers
 * that would have been in the way have ended. (With all passes over a page in a row, two workers at 1,000,000 rows made the
 * heap 1.5 and the primary key 1.9 times as large; so it is 1.27 and 1.00 times.)
 */
const ALL_STRIPES: readonly Stripe[] = [
  { divisor: 16, remainder: 0 },
  { divisor: 16, remainder: 8 },
  ...Array.from({ length: 7 }, (_, n) => ({ divisor: 8, remainder: n + 1 })),
];

/** How many passes there are. */
export const STRIPES = ALL_STRIPES.length;

/**
 * The share of a page's rows that a stripe has.
 * @param stripe its number, from 0 on
 */
export function shareOf(stripe: number): number {
  return 1 / stripeOf(stripe).divisor;
}

/**
 * A condition on a row: it belongs to a stripe.
 *
 * Rows of one stripe have to be spread evenly over every page, or the space that a pass frees does not suffice for the next;
 * a hash of the `ctid` does not do that. So the place on the page decides. PostgreSQL has no function for it; its low byte
 * is the end of what a `ctid` looks like on the wire.
 *
 * @param alias of the table
 * @param stripe its number, from 0 on
 */
export function isOfStripe(alias: string, stripe: number): string {
  const { divisor, remainder } = stripeOf(stripe);
  return `get_byte(tidsend(${alias}.ctid), 5) % ${divisor} = ${remainder}`;
}

/** Where a pass over a range stands. */
export interface Position {
  /** The number of the pass that is under way, from 0 on; that of all passes when all are done. */
  readonly stripe: number;
  /** The first block that this pass has not done. */
  readonly nextBlock: number;
}

/** For each stripe, and for the end, the share of a page's rows that the passes before it have done. */
const SHARES_BEFORE = [0];
for (const { divisor } of ALL_STRIPES) SHARES_BEFORE.push(SHARES_BEFORE.at(-1)! + 1 / divisor);
const SHARES = [...ALL_STRIPES.map(({ divisor }) => 1 / divisor), 0];

/** Blocks of a range `r` that are done, each pass over a block counting as its share of the rows; SQL over its row. */
export const BLOCKS_DONE = `(
      (array[${SHARES_BEFORE.join(', ')}])[r.stripe + 1] * (r.end_block - r.first_block)
      + (array[${SHARES.join(', ')}])[r.stripe + 1] * (r.next_block - r.first_block)
    )::float8`;

function stripeOf(stripe: number): Stripe {
  const found = ALL_STRIPES[stripe];
  if (found === undefined) throw new RangeError(`There is no stripe ${stripe}.`);
  return found;
}
