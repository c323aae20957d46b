import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import {
  hasGeneratedSection,
  replaceGeneratedSection,
} from '../../../src/showcase/bench/generated-section.ts';

const BEGIN = '<!-- `npm run bench -- --markdown` writes from here … -->';
const CHANGE_BEGIN = '<!-- `npm run bench:change -- --markdown` writes from here … -->';
const END = '<!-- … to here. -->';

describe('the generated section of a page', () => {
  it.each(['\n\nold\n\n', '\n', ''])('with the content %j is replaced, and nothing else', (old) => {
    const page = `# Title\n\n${BEGIN}${old}${END}\n\nThe end.\n`;
    const written = replaceGeneratedSection(page, 'bench', '\nnew $& text\n');
    expect(written).toBe(`# Title\n\n${BEGIN}\n\nnew $& text\n\n${END}\n\nThe end.\n`);
    expect(replaceGeneratedSection(written, 'bench', 'new $& text')).toBe(written);
  });

  it.each([
    ['bench', `${BEGIN}\n\nnew\n\n${END}\n\n${CHANGE_BEGIN}\n${END}\n`],
    ['bench:change', `${BEGIN}\n${END}\n\n${CHANGE_BEGIN}\n\nnew\n\n${END}\n`],
  ] as const)('of %s is replaced beside that of another command', (command, written) => {
    const page = `${BEGIN}\n${END}\n\n${CHANGE_BEGIN}\n${END}\n`;
    expect(replaceGeneratedSection(page, command, 'new')).toBe(written);
  });

  it('needs both markers in order, of the same command', () => {
    expect(hasGeneratedSection(`${BEGIN}${END}`, 'bench')).toBe(true);
    expect(hasGeneratedSection(`${BEGIN}${END}`, 'bench:large')).toBe(false);
    expect(hasGeneratedSection(`${END}${BEGIN}`, 'bench')).toBe(false);
    expect(hasGeneratedSection(BEGIN, 'bench')).toBe(false);
    expect(hasGeneratedSection('', 'bench')).toBe(false);
  });

  it.each(['', BEGIN, END, `${END}${BEGIN}`, `${BEGIN}\n${CHANGE_BEGIN}\n${END}`])(
    'is not replaced in %j, which was edited during the benchmark',
    (page) => {
      expect(hasGeneratedSection(page, 'bench')).toBe(false);
      expect(() => replaceGeneratedSection(page, 'bench', 'new')).toThrow(
        'it has no section of bench any more. The report is on standard output, and the figures are in the file of --json.',
      );
    },
  );

  it('is in docs/benchmarks.md', async () => {
    const page = await readFile(join(import.meta.dirname, '../../../docs/benchmarks.md'), 'utf8');
    expect(hasGeneratedSection(page, 'bench')).toBe(true);
    expect(hasGeneratedSection(page, 'bench:large')).toBe(true);
    expect(hasGeneratedSection(page, 'bench:change')).toBe(true);
  });
});
