import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { ERROR_CODES } from '../../src/online-migration/change/error-codes.ts';
import { OBSTACLE_CODES } from '../../src/online-migration/change/obstacle-codes.ts';
import { buildProgram } from '../../src/online-migration/cli/program.ts';

const ROOT = join(import.meta.dirname, '../..');
const PACKAGE = 'src/online-migration';
const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: object };

/** Options of MikroORM's command line that the package's messages name. */
const OF_MIKRO_ORM = ['--to', '--from', '--only', '--name', '--schema'];
/** Flags that the package sets in V8. */
const OF_V8 = ['--optimize-for-size', '--semi-space-growth-factor'];

type Command = ReturnType<typeof buildProgram>;
const program = buildProgram();
const optionsOf = (command: Command) => ['--help', ...command.options.map(({ long }) => long!)];

/** All commands, with those below them. */
function within(command: Command): Command[] {
  return [command, ...command.commands.flatMap(within)];
}
const OPTIONS = [...within(program).flatMap(optionsOf), ...OF_MIKRO_ORM, ...OF_V8];

const texts = globSync([`${PACKAGE}/**/*.{ts,md}`, 'docs/*.md', '*.md'], { cwd: ROOT })
  .filter((path) => path !== 'CHANGELOG.md' && !path.startsWith(`${PACKAGE}/packaging/`))
  .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));

/** The words of the command line that follow `npx online-migration`, up to the end of the code or of the line. */
function calls(text: string): string[] {
  return Array.from(text.matchAll(/npx online-migration ([^`\\\n|]*)/g), ([, words]) => words!.trim());
}

/** The faults of a call: a command or an option that does not exist. */
function faultsOf(call: string): string[] {
  const words = call.split(/\s+/).filter((word) => word !== '');
  const options = words.filter((word) => /^--[a-z]/.test(word)).map((word) => word.replace(/[^\w-].*$/, ''));
  let command = program;
  for (const word of words) {
    const below = command.commands.find((one) => one.name() === word);
    if (below === undefined) {
      // A group has commands below it; an argument is the name of a change, or a word in brackets.
      if (command === program && /^[a-z]/.test(word)) return [word];
      break;
    }
    command = below;
  }
  const known = [...optionsOf(command), ...optionsOf(program)];
  return options.filter((option) => !known.includes(option));
}

it('every `npx online-migration …` of the package and its pages exists', () => {
  const found = texts.flatMap(({ path, text }) => calls(text).map((call) => ({ path, call })));
  expect(found.length).toBeGreaterThan(40);
  expect(found.filter(({ call }) => faultsOf(call).length > 0)).toEqual([]);
});

it('every option that an error or its remedy names exists', () => {
  const named = Object.entries({ ...ERROR_CODES, ...OBSTACLE_CODES }).flatMap(([code, entry]) =>
    Array.from(JSON.stringify(entry).matchAll(/--[a-z][\w-]*/g), ([option]) => ({ code, option })),
  );
  const thrown = texts
    .filter(({ path }) => path.endsWith('.ts'))
    .flatMap(({ path, text }) =>
      Array.from(text.matchAll(/'[^'\n]*'|`[^`]*`/g), ([literal]) => literal).flatMap((literal) =>
        Array.from(literal.matchAll(/(?<![\w-])--[a-z][\w-]*/g), ([option]) => ({ code: path, option })),
      ),
    );
  expect(named.length).toBeGreaterThan(5);
  expect([...named, ...thrown].filter(({ option }) => !OPTIONS.includes(option))).toEqual([]);
});

it('the package names no npm script, which only the template has', () => {
  const named = texts
    .filter(({ path }) => path.startsWith(PACKAGE) && path.endsWith('.ts'))
    .flatMap(({ path, text }) =>
      Array.from(text.matchAll(/npm run [\w:-]+|change:new/g), ([script]) => ({ path, script })),
    );
  expect(named).toEqual([]);
});

it('every `npm run …` of the pages exists', () => {
  const named = texts
    .filter(({ path }) => path.endsWith('.md'))
    .flatMap(({ path, text }) =>
      Array.from(text.matchAll(/npm run (?:-s )?([\w:-]+)/g), ([, script]) => ({ path, script: script! })),
    );
  expect(named.filter(({ script }) => !(script in scripts))).toEqual([]);
});
