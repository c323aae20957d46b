/**
 * How many passes share the rows of a range. The first pass moves an eighth of each page elsewhere; the later ones prune
 * what it left and fit their new versions on the same page (heap-only tuples: no index entry, little WAL).
 *
 * A page can be pruned once every transaction has ended that ran when its old versions were replaced. So a pass goes
 * through a whole range, in several batches, before the next one comes back to a page: by then the batches of other workers
 * that would have been in the way have ended. (With all passes over a page in a row, two workers at 1,000,000 rows made the
 * heap 1.5 and the primary key 1.9 times as large; so it is 1.27 and 1.04 times.)
 */
export const STRIPES = 8;

/**
 * A condition on a row: it belongs to a stripe.
 *
 * Rows of one stripe have to be spread evenly over every page, or the space that a pass frees does not suffice for the next;
 * a hash of the `ctid` does not do that. So the place on the page decides. PostgreSQL has no function for it; its low byte
 * is the end of what a `ctid` looks like on the wire.
 *
 * @param alias of the table
 * @param stripe 0 to 7
 */
export function isOfStripe(alias: string, stripe: number): string {
  return `get_byte(tidsend(${alias}.ctid), 5) % ${STRIPES} = ${stripe}`;
}

/** Where a pass over a range stands. */
export interface Position {
  /** The pass that is under way, 0 to 7; 8 when all are done. */
  readonly stripe: number;
  /** The first block that this pass has not done. */
  readonly nextBlock: number;
}

/** Blocks of a range `r` that are done, each pass over a block counting as an eighth of it; SQL over its row. */
export const BLOCKS_DONE = `(
      r.stripe * (r.end_block - r.first_block) + r.next_block - r.first_block
    )::float8 / ${STRIPES}`;
