import { expect, it } from '@jest/globals';
import {
  missingLines,
  readPage,
  shortened,
  shownOutputs,
  withOutputs,
} from '../../../src/showcase/docs-pages/page.ts';

const PAGE = `
\`\`\`sh
npm run one   # why
npm run two \\
  -- --three
\`\`\`

\`\`\`text
old
\`\`\`

\`\`\`ts
// src/four.ts
const four = 4;
\`\`\`

\`\`\`sh by-hand
npm run five
\`\`\`
`;

/** A line of progress, whose time left is written in another way at the end. */
function progress(rows: number): string {
  return `${rows},000 of 9,000 rows, time left ${rows > 4 ? '' : '1 min '}${rows} s`;
}

it('reads what a page tells its reader to do, in its order', () => {
  expect(readPage(PAGE)).toEqual([
    { kind: 'commands', commands: ['npm run one', 'npm run two    -- --three'], how: 'in turn' },
    { kind: 'file', path: 'src/four.ts', text: '// src/four.ts\nconst four = 4;\n' },
    { kind: 'commands', commands: ['npm run five'], how: 'by hand' },
  ]);
});

it('reads the outputs that a page shows', () => {
  expect(shownOutputs(PAGE)).toEqual(['old', undefined]);
});

it('finds the lines that an output does not have in the order of the page', () => {
  const output = 'Database: …\n[migrator] one\n  two \nthree\n';
  expect(missingLines('one\n…\nthree', output)).toEqual([]);
  expect(missingLines('two\none\nfour\nthree', output)).toEqual(['one', 'four']);
});

it('puts an output behind its commands, and changes nothing else', () => {
  expect(withOutputs(PAGE, ['new $& \n', undefined])).toBe(PAGE.replace('old', () => 'new $&'));
});

it('leaves out what npm says of itself, and the middle of long runs of like lines', () => {
  const lines = Array.from({ length: 8 }, (_, index) => progress(index + 1));
  expect(shortened(`\n> npm\n> node\n\n${lines.join('\n')}\ndone\n`)).toBe(
    [lines[0], lines[1], '…', lines[6], lines[7], 'done'].join('\n'),
  );
});
