import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import {
  flag,
  HelpWanted,
  readOptions,
  wholeNumber,
  wholeNumbers,
} from '../../src/command-line/command-options.ts';
import { PROJECT_FOLDER } from '../../src/database/project-folder.ts';
import { startCommand } from '../support/running-command.ts';

/** Each script is a process of its own. */
const LIMIT_MS = 120_000;

const schema = z.strictObject({ rows: wholeNumber(1, 5_000).default(10), append: flag });
const read = (...argv: string[]) => readOptions(argv, 'command [--rows <number>] [--append]', schema);

const ROWS_SENTENCE = '--rows must be a whole number from 1 to 5000.';

describe('readOptions', () => {
  it.each([
    [[], { rows: 10, append: false }],
    [['--rows', '1'], { rows: 1, append: false }],
    [['--append', '--rows=5000'], { rows: 5_000, append: true }],
    [['--rows', '7', '--rows', '8'], { rows: 8, append: false }],
  ])('reads %j', (argv, options) => {
    expect(read(...argv)).toEqual(options);
  });

  it.each([
    [['--rows', '0'], [ROWS_SENTENCE]],
    [['--rows', '5001'], [ROWS_SENTENCE]],
    [['--rows', '-5'], [ROWS_SENTENCE]],
    [['--rows', '+5'], [ROWS_SENTENCE]],
    [['--rows', '1e3'], [ROWS_SENTENCE]],
    [['--rows', '1e9999'], [ROWS_SENTENCE]],
    [['--rows', '9'.repeat(400)], [ROWS_SENTENCE]],
    [['--rows', '1.5'], [ROWS_SENTENCE]],
    [['--rows', 'many'], [ROWS_SENTENCE]],
    [['--rows', '--append'], [ROWS_SENTENCE]],
    [['--rows='], [ROWS_SENTENCE]],
    [['--rows'], [ROWS_SENTENCE]],
    [['--append=yes'], ['--append takes no value.']],
    [['--append', 'yes'], ['"yes" is not an option.']],
    [['--fast', '--sure'], ['There is no option --fast, --sure.']],
    [['--no-append'], ['There is no option --no-append.']],
    [
      ['-r', '5'],
      ['"5" is not an option.', 'There is no option --r.'],
    ],
    [
      ['1000', '--rows', 'x'],
      ['"1000" is not an option.', ROWS_SENTENCE],
    ],
  ])('refuses %j', (argv, sentences) => {
    const message = [...sentences, 'Usage: command [--rows <number>] [--append]'].join('\n');
    expect(() => read(...argv)).toThrow(new Error(message));
  });

  it('has the usage for --help', () => {
    expect(() => read('--help')).toThrow(new HelpWanted('Usage: command [--rows <number>] [--append]'));
  });
});

it(
  'each npm script that reads options prints its usage for --help',
  async () => {
    for (const name of await scriptsWithOptions()) {
      await using command = await startCommand(name, ['--help']);
      expect(await command.ended).toEqual({
        exitCode: 0,
        stdout: expect.stringMatching(new RegExp(`^Usage: npm run ${name} -- \\[--.+\\]\n`)),
        stderr: '',
      });
    }
  },
  LIMIT_MS,
);

/** The npm scripts that run a file with `readOptions`. A project without the showcase and the example has none. */
async function scriptsWithOptions(): Promise<string[]> {
  const { scripts } = JSON.parse(await readFile(join(PROJECT_FOLDER, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const found: string[] = [];
  for (const [name, script] of Object.entries(scripts)) {
    const [, file] = /^node (src\/\S+\.ts)/.exec(script) ?? [];
    if (file !== undefined && (await readFile(join(PROJECT_FOLDER, file), 'utf8')).includes('readOptions(')) {
      found.push(name);
    }
  }
  return found;
}

describe('a list of whole numbers', () => {
  const list = z.strictObject({ rows: wholeNumbers(1, 5_000) });
  const readList = (value: string) => readOptions(['--rows', value], 'command --rows <number>…', list).rows;

  it.each([
    ['7', [7]],
    ['5000,1', [5_000, 1]],
    ['3,2,3', [3, 2]],
  ])('%s is read, each number once', (value, numbers) => {
    expect(readList(value)).toEqual(numbers);
  });

  it.each(['0', '1,5001', '1,', ',1', '1,,2', '1, 2', '-1', 'many', '1.5'])('%j is refused', (value) => {
    expect(() => readList(value)).toThrow(
      '--rows must be whole numbers from 1 to 5000, with commas between them.',
    );
  });
});
