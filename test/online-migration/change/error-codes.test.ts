import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ERROR_CODES } from '../../../src/online-migration/change/error-codes.ts';
import { OBSTACLE_CODES } from '../../../src/online-migration/change/obstacle-codes.ts';

const ROOT = join(import.meta.dirname, '../../..');
const CODES = { ...ERROR_CODES, ...OBSTACLE_CODES };

const sources = globSync('src/online-migration/**/*.ts', { cwd: ROOT })
  .filter((path) => !/change\/(error|obstacle)-codes\.ts$/.test(path))
  .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));

/** The classes of the package's errors that take their code from whoever throws them. */
const WITH_ANY_CODE = [
  'OnlineMigrationError',
  ...subclasses()
    .filter(({ code }) => code === null)
    .map(({ name }) => name),
];

/** The subclasses of `OnlineMigrationError`, each with the code that its constructor fixes. */
function subclasses(): { name: string; code: string | null }[] {
  return sources.flatMap(({ text }) =>
    [...text.matchAll(/class (\w+) extends OnlineMigrationError \{(.*?)^\}/gms)].map(([, name, body]) => ({
      name: name!,
      code: /super\(\s*'(\w+)'/.exec(body!)?.[1] ?? null,
    })),
  );
}

/** The first argument of every call, as it is written. */
function firstArguments(call: RegExp): { path: string; argument: string }[] {
  return sources.flatMap(({ path, text }) =>
    [...text.matchAll(new RegExp(String.raw`${call.source}\(\s*([^,)]*)`, 'g'))].map((match) => ({
      path,
      argument: match.at(-1)!.trim(),
    })),
  );
}

const errors = firstArguments(new RegExp(`new (?:${WITH_ANY_CODE.join('|')})`));
const obstacles = firstArguments(/(?<!function )\b(?:obstacle|refused)/);

describe('the codes', () => {
  it('are written in upper case, with a sentence each for the meaning and the remedy', () => {
    for (const [code, { meaning, remedy }] of Object.entries(CODES)) {
      expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
      expect(meaning).toMatch(/^[A-Z`].*[^.]\.$/);
      expect(remedy).toMatch(/^[A-Z`].*[^.]\.$/);
    }
  });

  it('of errors and of obstacles are different', () => {
    expect(Object.keys(ERROR_CODES).filter((code) => code in OBSTACLE_CODES)).toEqual([]);
  });

  it('do not look like a SQLSTATE', () => {
    expect(Object.keys(CODES).filter((code) => /^[0-9A-Z]{5}$/.test(code))).toEqual([]);
  });

  it('are all used', () => {
    const fixed = subclasses().flatMap(({ code }) => code ?? []);
    const thrown = new Set([...fixed, ...errors.map(({ argument }) => argument.replaceAll("'", ''))]);
    expect(Object.keys(ERROR_CODES).filter((code) => !thrown.has(code))).toEqual([]);
    const found = new Set(obstacles.map(({ argument }) => argument.replaceAll("'", '')));
    expect(Object.keys(OBSTACLE_CODES).filter((code) => !found.has(code))).toEqual([]);
  });
});

describe('in the sources of the package and its commands', () => {
  it('every error has a code of the catalog', () => {
    const codes = Object.keys(ERROR_CODES).map((code) => `'${code}'`);
    expect(errors.filter(({ argument }) => !codes.includes(argument))).toEqual([]);
    expect(errors.length).toBeGreaterThan(50);
    const fixed = subclasses().flatMap(({ code }) => code ?? []);
    expect(fixed.filter((code) => !(code in ERROR_CODES))).toEqual([]);
  });

  it('no error is without a code', () => {
    const plain = sources.filter(({ text }) => /throw new (?:Error|RangeError|TypeError)\(/.test(text));
    expect(plain.map(({ path }) => path)).toEqual([]);
  });
});

describe('docs/errors.md', () => {
  it('lists the entries of the catalog', () => {
    const page = readFileSync(join(ROOT, 'docs/errors.md'), 'utf8');
    const listed = page.split('\n').filter((line) => line.startsWith('- '));
    const wanted = Object.entries(CODES).map(
      ([code, { meaning, remedy }]) => `- \`${code}\`: ${meaning} **What to do:** ${remedy}`,
    );
    expect(listed).toEqual(wanted);
  });
});
