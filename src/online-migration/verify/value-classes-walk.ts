import type { Leaf } from '../postgres/partition-tree.ts';
import type { ColumnChange } from '../change/column-change.ts';
import { changeNamesOf } from '../change/names.ts';

/** Rows for one statement. */
export interface Slice {
  /** Schema and table, quoted. */
  readonly table: string;
  /** SQL on the row `t`. */
  readonly condition: string;
  readonly values: readonly string[];
  /** Number of rows, without those that have the same key as the last one; the first ones by key, or by place. */
  readonly rows: number;
}

/** Reads all rows of a table, in slices of any size. */
export interface Walk {
  /** The next slice; null at the end. It stays the same until {@link advance} is called. */
  next(rows: number): Slice | null;
  /**
   * Continues after a slice.
   * @param lastKey the key of its last row, as texts; null if there was none
   */
  advance(slice: Slice, rowsRead: number, lastKey: string[] | null): void;
}

/**
 * Walks through a table by its key, or by place if it has none.
 * @param schemas of the operators that sort each key column, quoted
 */
export function walkOf(change: ColumnChange, leaves: readonly Leaf[], schemas: readonly string[]): Walk {
  return changeNamesOf(change).key.lasts ? walkByKey(change, schemas) : walkByPlace(leaves);
}

function walkByKey(change: ColumnChange, schemas: readonly string[]): Walk {
  const { table, key } = changeNamesOf(change);
  let after: string[] | null = null;
  let isAtEnd = false;
  return {
    next: (rows) =>
      isAtEnd
        ? null
        : {
            table,
            condition: after === null ? 'true' : key.compare('t', '>', 1, schemas),
            values: after ?? [],
            rows,
          },
    advance({ rows }, rowsRead, lastKey) {
      // Otherwise it would read on for as long as others insert rows.
      isAtEnd = lastKey === null || rowsRead < rows;
      after = lastKey;
    },
  };
}

/** Reads as many blocks as probably hold the rows, because no index leads from one place to the next. */
function walkByPlace(leaves: readonly Leaf[]): Walk {
  const left = leaves.filter(({ blocks }) => blocks > 0);
  let place = { block: 0, tid: '(0,0)' };
  let endBlock = 0;
  return {
    next(rows) {
      const leaf = left[0];
      if (leaf === undefined) return null;
      endBlock = Math.min(
        leaf.blocks,
        place.block + Math.ceil((rows * leaf.blocks) / Math.max(leaf.rows, 1)) + 1,
      );
      return {
        table: leaf.name,
        condition: `t.ctid > $1::tid and t.ctid < $2::tid`,
        values: [place.tid, `(${endBlock},0)`],
        rows,
      };
    },
    advance({ rows }, rowsRead, lastKey) {
      const tid = rowsRead < rows ? undefined : lastKey?.at(-1);
      place = tid === undefined ? { block: endBlock, tid: `(${endBlock},0)` } : { block: blockOf(tid), tid };
      if (tid !== undefined || endBlock < left[0]!.blocks) return;
      left.shift();
      place = { block: 0, tid: '(0,0)' };
    },
  };
}

/** The block of a place, as PostgreSQL writes it: `(12,3)`. */
function blockOf(tid: string): number {
  return Number.parseInt(tid.slice(1), 10);
}
