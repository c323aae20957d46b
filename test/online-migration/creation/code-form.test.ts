import { mkdir, mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, it } from '@jest/globals';
import { readCodeForm } from '../../../src/online-migration/new-change/code-form.ts';
import { readProjectMigrations } from '../../../src/online-migration/new-change/project-migrations.ts';
import { extendedList } from '../../../src/online-migration/new-change/written-files.ts';

type Files = Readonly<Record<string, string>>;

async function inProject<T>(files: Files, read: (folder: string) => Promise<T> | T): Promise<T> {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'code-form-'));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder.path, path)), { recursive: true });
    await writeFile(join(folder.path, path), text);
  }
  return await read(folder.path);
}

const COMPILED = { path: 'dist/migrations', pathTs: 'src/migrations' };

it.each([
  ['without a compiler', {}, {}, '.ts'],
  ['with a compiler, and no tsconfig.json', {}, COMPILED, '.js'],
  ['with the defaults of tsc', { 'tsconfig.json': '{}' }, {}, '.js'],
  [
    'with a comment on the setting',
    { 'tsconfig.json': '{ // "allowImportingTsExtensions": true\n "compilerOptions": { "strict": true, } }' },
    {},
    '.js',
  ],
  [
    'with the setting in a file that is extended',
    {
      'tsconfig.json': '{ "extends": ["./none.json", "./config/base"] }',
      'config/base.json':
        '{ "compilerOptions": { "rewriteRelativeImportExtensions": true /* and a comment */ } }',
    },
    COMPILED,
    '.ts',
  ],
  [
    'with the setting in a package that is extended, and taken back',
    {
      'tsconfig.json':
        '{ "extends": "@our/base", "compilerOptions": { "allowImportingTsExtensions": false } }',
      'node_modules/@our/base/tsconfig.json': '{ "compilerOptions": { "allowImportingTsExtensions": true } }',
    },
    {},
    '.js',
  ],
])('TypeScript imports TypeScript, %s', async (_, files, options, imported) => {
  expect(await inProject(files as Files, (folder) => readCodeForm(folder, options).imported)).toBe(imported);
});

it.each([
  ['js', 'commonjs', 'src/column-changes.js', 'exports.columnChanges = [totalChange];'],
  ['js', 'module', 'src/column-changes.js', 'export const columnChanges = [totalChange];'],
  ['cjs', 'module', 'src/column-changes.cjs', 'exports.columnChanges = [totalChange];'],
  [
    'ts',
    'module',
    'src/column-changes.ts',
    'export const columnChanges: readonly ColumnChange[] = [totalChange];',
  ],
] as const)('the list of a project with emit %s and type %s', async (emit, type, path, line) => {
  const change = { declaration: 'totalChange', module: 'orders/total-change' };
  const list = await inProject({ 'package.json': JSON.stringify({ type }) }, async (folder) => {
    const first = await extendedList(folder, [change], readCodeForm(folder, { emit }));
    await mkdir(join(folder, 'src'));
    await writeFile(join(folder, first.path), first.text);
    const second = { ...change, declaration: 'nextChange' };
    return [first, await extendedList(folder, [second], readCodeForm(folder, { emit }))];
  });
  expect(list.map((each) => each.path)).toEqual([path, path]);
  expect(list[0]!.text).toContain(line);
  expect(list[1]!.text).toContain('[totalChange, nextChange];');
  expect(list[1]!.text.startsWith(`'use strict';\n`)).toBe(line.startsWith('exports'));
});

it('new migrations have names behind those of the seconds to come', async () => {
  const now = Date.UTC(2026, 0, 2, 3, 4, 5);
  const files = { 'migrations/Migration20260102030411_rename_orders_total.ts': '' };
  const { migrations } = await inProject(files, (folder) => readProjectMigrations(folder, {}, now));
  expect([0, 1].map((place) => migrations.fileOf(place, 'x'))).toEqual([
    'Migration20260102030412_x',
    'Migration20260102030413_x',
  ]);
});
