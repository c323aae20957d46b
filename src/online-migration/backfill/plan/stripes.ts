/** Number of stripes: the rows of a page belong to one by their place on it, modulo this. A range is done when all are. */
export const STRIPES = 16;
/** The first pass and the second one fill a stripe each, and later ones two, which are the rows at one place modulo 8. */
const SINGLE_STRIPES = 2;
/** Pages with so many rows have one row in a stripe, and mostly two in two stripes. */
const ROWS_FOR_SINGLE_STRIPES = { more: 8, atMost: STRIPES } as const;

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
 *
 * If 9 to 16 rows fit on a page, an eighth is one row on some pages and two on others. The room of one row is not enough for
 * two, so more rows move. These tables have sixteen passes, one for each stripe. (Rows of 780 bytes: the heap became 1.05 in place of
 * 1.11 times as large and the primary key 1.00 in place of 1.99 times, in 1.04 times the time.)
 */
export interface Pass {
  /** Its first stripe, from 0 on. */
  readonly stripe: number;
  /** Number of its stripes. */
  readonly stripes: number;
}

/**
 * The pass that begins at a stripe.
 * @param rowsPerBlock average rows of a page
 */
export function passFrom(stripe: number, rowsPerBlock: number): Pass {
  const { more, atMost } = ROWS_FOR_SINGLE_STRIPES;
  const isSingle =
    // A plan of an earlier version may be at an odd one.
    stripe < SINGLE_STRIPES || stripe % 2 === 1 || (rowsPerBlock > more && rowsPerBlock <= atMost);
  return { stripe, stripes: isSingle ? 1 : 2 };
}

/** The one pass that begins at a stripe and takes all of the range's other rows. */
export function lastPassFrom(stripe: number): Pass {
  return { stripe, stripes: STRIPES - stripe };
}

/** The share of a page's rows in a pass. */
export function shareOf({ stripes }: Pass): number {
  return stripes / STRIPES;
}

/**
 * A condition on a row: it belongs to a pass of one or two stripes.
 *
 * Rows of one pass must be spread evenly over every page; otherwise the space that a pass frees is too small for
 * the next one. A hash of the `ctid` does not ensure that, so the place on the page decides. PostgreSQL has no
 * function for it; its low byte is the last byte of a `ctid` in binary format.
 *
 * @param alias of the table
 */
export function isOfPass(alias: string, { stripe, stripes }: Pass): string {
  // The stripes 0 and 1, 2 and 3, and so on, are the places n and n + 8.
  const place = Math.floor(stripe / 2);
  const remainder = stripes === 2 || stripe % 2 === 0 ? place : place + STRIPES / 2;
  return `get_byte(tidsend(${alias}.ctid), 5) % ${STRIPES / stripes} = ${remainder}`;
}

/** The position of a pass in a range. */
export interface Position {
  /** The first stripe of the current pass, from 0 on; the number of stripes when all are done. */
  readonly stripe: number;
  /** The first block that this pass has not filled yet. */
  readonly nextBlock: number;
}

/** SQL of the finished blocks of a range `r`; each pass over a block counts as its share of the rows. */
export const BLOCKS_DONE = `(
      r.stripe * (r.end_block - r.first_block)
      + case
          when r.stripe < ${SINGLE_STRIPES} or r.stripe % 2 = 1
            or (r.rows_per_block > ${ROWS_FOR_SINGLE_STRIPES.more} and r.rows_per_block <= ${ROWS_FOR_SINGLE_STRIPES.atMost})
          then 1
          else 2
        end * (r.next_block - r.first_block)
    )::float8 / ${STRIPES}`;
