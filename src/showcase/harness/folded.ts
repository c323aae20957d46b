/**
 * A part of a Markdown page. Only its title is shown until a reader opens it.
 * @param title plain text
 * @param paragraphs Markdown
 */
export function folded(title: string, paragraphs: readonly string[]): string {
  return [`<details>\n<summary>${title}</summary>`, ...paragraphs, '</details>'].join('\n\n');
}
