import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { flag, HelpWanted, readOptions, wholeNumber } from '../../src/command-line/command-options.ts';
import { startCommand } from '../support/running-command.ts';

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

it('npm run demo -- --help prints the options', async () => {
  await using command = await startCommand('demo', ['--help']);
  expect(await command.ended).toEqual({
    exitCode: 0,
    stdout: 'Usage: npm run demo -- [--rows <number>] [--seed <number>] [--json <file>] [--report <file>]\n',
    stderr: '',
  });
});
