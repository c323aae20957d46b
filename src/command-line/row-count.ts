/** Formats a number of rows, or of anything else, for people. */
export function rowCount(rows: number): string {
  return Math.round(rows).toLocaleString('en-US');
}
