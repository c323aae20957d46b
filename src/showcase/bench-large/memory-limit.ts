import { rowCount } from '../../command-line/row-count.ts';
import type { Suite } from './suites.ts';

const MEGABYTE = 2 ** 20;
/** Processes of a server need some memory whatever the table: with less, the kernel would kill them. */
const LEAST_LIMIT_BYTES = 96 * MEGABYTE;
/** A limit is close enough to its share of the table up to this factor. */
const TOLERANCE = 1.1;
/** The number of rows in a message is rounded up to a multiple of this. */
const ROUND_ROWS = 100_000;

/** The memory of a table's server, in bytes: the share of the table, but not less than the processes need. */
export function limitOf(memoryShare: number, tableBytes: number): number {
  return Math.round(Math.max(LEAST_LIMIT_BYTES, memoryShare * tableBytes));
}

/**
 * Tells that a table is too small for the share of the memory that its suite wants.
 *
 * @param table.rows its rows
 * @param table.bytes its size, or an estimate
 * @param limitBytes the memory of its server; null if it is not limited
 * @returns a sentence with the number of rows that would do; null if the table is large enough, or if there is no limit
 */
export function smallTableSentence(
  { memoryShare }: Pick<Suite, 'memoryShare'>,
  table: { readonly rows: number; readonly bytes: number },
  limitBytes: number | null,
): string | null {
  if (memoryShare === null || limitBytes === null) return null;
  const excess = limitBytes / (memoryShare * table.bytes);
  if (excess <= TOLERANCE) return null;
  const share = (limitBytes / table.bytes).toFixed(2);
  const rows = Math.ceil((table.rows * excess) / ROUND_ROWS) * ROUND_ROWS;
  return (
    `the limit of ${rowCount(limitBytes / MEGABYTE)} MB, the least for the server's processes, is ${share} of the table, ` +
    `not ${memoryShare}. With ${rowCount(rows)} rows or more, it is ${memoryShare}.`
  );
}
