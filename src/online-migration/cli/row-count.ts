/** Formats a number of rows, or any other number, for people. */
export function rowCount(rows: number): string {
  return Math.round(rows).toLocaleString('en-US');
}
