import { readFile, writeFile } from 'node:fs/promises';
import { refuseUnwritable } from '../harness/output-file.ts';
import { hasGeneratedSection, replaceGeneratedSection, type WritingCommand } from './generated-section.ts';

/**
 * Checks the page of `--markdown` at the start of a command, not after its measurements.
 * @throws Error with a sentence if the page cannot be read or written, or has no section of the command
 */
export async function refuseWithoutSection(file: string, command: WritingCommand): Promise<void> {
  const page = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new Error(`--markdown ${file} cannot be read: name an existing page.`, { cause });
  });
  await refuseUnwritable('--markdown', file);
  if (hasGeneratedSection(page, command)) return;
  throw new Error(`--markdown ${file} has no section of ${command}: mark one as docs/benchmarks.md does.`);
}

/** Writes a command's section of a page. */
export async function writeSection(file: string, command: WritingCommand, content: string): Promise<void> {
  await writeFile(file, replaceGeneratedSection(await readFile(file, 'utf8'), command, content));
}
