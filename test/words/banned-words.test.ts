import { describe, expect, it } from '@jest/globals';
import { CLIPPED, commentsOf, findFaults, proseOf, TERMS } from './banned-words.ts';

describe('the check of words', () => {
  it('finds a banned word in a comment, with its line', () => {
    const source = `const where = 1;\n/** Says what is locked. */\nconst sql = 'select what';\n// Ends where nobody waits.\n`;
    expect(findFaults(commentsOf(source), CLIPPED)).toMatchObject([
      { line: 2, found: 'what' },
      { line: 4, found: 'where' },
    ]);
  });

  it('leaves code alone: literals, inline code and indented lines of a docstring', () => {
    const source = `/**\n * Runs \`update … where\`:\n *\n *     delete from t where id = 1\n */\nconst sql = \`select from t where id = 1\`;\n`;
    expect(findFaults(commentsOf(source), CLIPPED)).toEqual([]);
  });

  it('finds a banned term in a page, and not in its code', () => {
    const page = 'The toolkit takes a strong lock.\n\n```sh\ntoolkit\n```\n';
    expect(findFaults(proseOf(page), TERMS)).toMatchObject([
      { line: 1, found: 'toolkit' },
      { line: 1, found: 'strong lock' },
    ]);
  });
});
