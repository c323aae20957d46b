/** Formats a number of rows, or any other number, for people. */
export function rowCount(rows: number): string {
  return Math.round(rows).toLocaleString('en-US');
}

/** A number of rows with its noun: `1 row`, `2,000 rows`. */
export function rowsOf(rows: number): string {
  return `${rowCount(rows)} ${Math.round(rows) === 1 ? 'row' : 'rows'}`;
}

/** The rejects of a backfill and their remedy, without the full stop. */
export function rejectsText(rows: number): string {
  const [them, lists] = rows === 1 ? ['it', 'lists it'] : ['them', 'lists them'];
  return `${rowsOf(rows)} did not convert: correct ${them} before enforce (\`npx online-migration preflight\` ${lists})`;
}
