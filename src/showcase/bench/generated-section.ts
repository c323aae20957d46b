/** A command that writes a part of a page; its markers name it. */
export type WritingCommand = 'bench' | 'bench:change' | 'bench:large';

const END = '<!-- … to here. -->';
/** The end of each begin marker. */
const BEGIN_END = ' -- --markdown` writes from here … -->';

/** Whether a page contains the part that the command writes. */
export function hasGeneratedSection(page: string, command: WritingCommand): boolean {
  return findSection(page, command) !== undefined;
}

/**
 * Replaces the part of a page that a command writes. The parts of the other commands stay.
 *
 * @param page contains the command's markers
 * @param content Markdown
 * @throws Error with a sentence if it does not contain them, for example because it was edited during the benchmark
 */
export function replaceGeneratedSection(page: string, command: WritingCommand, content: string): string {
  const section = findSection(page, command);
  if (section === undefined) {
    throw new Error(
      `it has no section of ${command} any more. The report is on standard output, and the figures are in the file of --json.`,
    );
  }
  return `${page.slice(0, section.begin)}\n\n${content.trim()}\n\n${page.slice(section.end)}`;
}

/** The places of the content between the markers; undefined if one is missing, or if another section begins before the end. */
function findSection(page: string, command: WritingCommand): { begin: number; end: number } | undefined {
  const marker = page.indexOf(beginOf(command));
  if (marker === -1) return undefined;
  const begin = marker + beginOf(command).length;
  const end = page.indexOf(END, begin);
  return end === -1 || page.slice(begin, end).includes(BEGIN_END) ? undefined : { begin, end };
}

function beginOf(command: WritingCommand): string {
  return `<!-- \`npm run ${command}${BEGIN_END}`;
}
