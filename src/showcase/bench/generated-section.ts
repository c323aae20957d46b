/** Markers of the part of a page that a command writes. */
const BEGIN = '<!-- `npm run bench -- --markdown` writes from here … -->';
const END = '<!-- … to here. -->';

/** Whether a page contains the part that a command writes. */
export function hasGeneratedSection(page: string): boolean {
  const begin = page.indexOf(BEGIN);
  return begin !== -1 && page.indexOf(END, begin) !== -1;
}

/**
 * Replaces the part of a page that a command writes.
 *
 * @param page contains the markers
 * @param content Markdown
 */
export function replaceGeneratedSection(page: string, content: string): string {
  const begin = page.indexOf(BEGIN) + BEGIN.length;
  return `${page.slice(0, begin)}\n\n${content.trim()}\n\n${page.slice(page.indexOf(END, begin))}`;
}
