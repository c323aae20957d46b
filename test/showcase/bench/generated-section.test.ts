import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import {
  hasGeneratedSection,
  replaceGeneratedSection,
} from '../../../src/showcase/bench/generated-section.ts';

const BEGIN = '<!-- `npm run bench -- --markdown` writes from here … -->';
const END = '<!-- … to here. -->';

describe('the generated section of a page', () => {
  it.each(['\n\nold\n\n', '\n', ''])('with the content %j is replaced, and nothing else', (old) => {
    const page = `# Title\n\n${BEGIN}${old}${END}\n\nThe end.\n`;
    const written = replaceGeneratedSection(page, '\nnew $& text\n');
    expect(written).toBe(`# Title\n\n${BEGIN}\n\nnew $& text\n\n${END}\n\nThe end.\n`);
    expect(replaceGeneratedSection(written, 'new $& text')).toBe(written);
  });

  it('needs both markers in order', () => {
    expect(hasGeneratedSection(`${BEGIN}${END}`)).toBe(true);
    expect(hasGeneratedSection(`${END}${BEGIN}`)).toBe(false);
    expect(hasGeneratedSection(BEGIN)).toBe(false);
    expect(hasGeneratedSection('')).toBe(false);
  });

  it('is in docs/benchmarks.md', async () => {
    const page = await readFile(join(import.meta.dirname, '../../../docs/benchmarks.md'), 'utf8');
    expect(hasGeneratedSection(page)).toBe(true);
  });
});
