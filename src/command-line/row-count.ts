/** A number of rows, or of anything, as people read it. */
export function rowCount(rows: number): string {
  return Math.round(rows).toLocaleString('en-US');
}
