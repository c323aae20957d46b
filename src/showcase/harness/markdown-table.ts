/** A column of a table: its heading and the text of each row. */
export interface Column<Row> {
  readonly heading: string;
  readonly text: (row: Row) => string;
}

/** A Markdown table. The first column is left-aligned; the others contain numbers and are right-aligned. */
export function markdownTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const headings = columns.map(({ heading }) => heading);
  const texts = [headings, ...rows.map((row) => columns.map(({ text }) => text(row)))];
  const widths = headings.map((_, index) => Math.max(...texts.map((cells) => cells[index]!.length)));
  const [head, ...body] = texts.map((cells) =>
    cells.map((cell, index) => (index === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[index]!))),
  );
  const rule = widths.map((width, index) => (index === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return [head!, rule, ...body].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
