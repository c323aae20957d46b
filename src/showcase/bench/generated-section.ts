/** A command that writes a part of a page; its markers name it. */
export type WritingCommand = 'bench' | 'bench:change' | 'bench:large';

const END = '<!-- … to here. -->';

/** Whether a page contains the part that the command writes. */
export function hasGeneratedSection(page: string, command: WritingCommand): boolean {
  const begin = page.indexOf(beginOf(command));
  return begin !== -1 && page.indexOf(END, begin) !== -1;
}

/**
 * Replaces the part of a page that a command writes. The parts of the other commands stay.
 *
 * @param page contains the command's markers
 * @param content Markdown
 */
export function replaceGeneratedSection(page: string, command: WritingCommand, content: string): string {
  const begin = page.indexOf(beginOf(command)) + beginOf(command).length;
  return `${page.slice(0, begin)}\n\n${content.trim()}\n\n${page.slice(page.indexOf(END, begin))}`;
}

function beginOf(command: WritingCommand): string {
  return `<!-- \`npm run ${command} -- --markdown\` writes from here … -->`;
}
