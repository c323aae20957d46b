import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openProjectCopy, type ProjectCopy } from './new-project.ts';

const LIMIT_MS = 240_000;

let copy: ProjectCopy;
beforeAll(async () => {
  copy = await openProjectCopy([
    `create table orders (
      id bigint generated always as identity primary key, note varchar(80), state boolean not null default true, total text not null,
      place point not null
    )`,
    `create index by_note on orders (note)`,
    `create view notes as select note from orders`,
    `create table "Odd ""Table""" ("A key" serial primary key)`,
  ]);
});
afterAll(async () => copy[Symbol.asyncDispose]());

const read = (path: string) => readFile(join(copy.folder, path), 'utf8');

describe('npx online-migration new', () => {
  it(
    'writes renames, and a contract that also renames, which pass the type check, the linter and their own tests',
    async () => {
      const note = await copy.changeNew('--table', 'orders', '--column', 'note', '--rename', 'remark');
      expect(note).toMatchObject({ exitCode: 0, stderr: '' });
      expect(note.stdout).toContain(`Files written:
  src/orders/note-change.ts
  migrations/${copy.newNumber(1)}_rename_orders_note.ts
  test/orders/note-change.test.ts
  src/column-changes.ts
`);
      expect(note.stdout).toContain(
        'the property of the column note\n  gets the column remark, and keeps its type.',
      );
      expect(note.stdout).toContain(
        `npx mikro-orm migration:up --to ${copy.newNumber(1)}    rename; the application follows by itself`,
      );
      expect(note.stdout).toContain('Release 2, which knows only remark:');
      expect(await read('src/orders/note-change.ts')).not.toContain('conversion');
      const odd = await copy.changeNew(
        '--table',
        'Odd "Table"',
        '--column',
        'A key',
        '--rename',
        'B "key" `${x} */',
      );
      expect(odd).toMatchObject({ exitCode: 0, stderr: '' });
      expect(
        await copy.changeNew('--table', 'orders', '--column', 'state', '--rename', 'isOpen'),
      ).toMatchObject({
        exitCode: 0,
      });
      const total = await copy.changeNew(
        '--table',
        'orders',
        '--column',
        'total',
        '--to',
        'numeric(12,2)',
        '--rename-in-contract',
      );
      expect(total).toMatchObject({ exitCode: 0, stderr: '' });
      expect(total.stdout).toContain(`${copy.newNumber(7)}    contract, which also renames\n\nRelease 2`);
      expect(await read('src/orders/total-change.ts')).toContain('renameInContract: true,');
      expect(await read(`migrations/${copy.newNumber(7)}_contract_orders_total.ts`)).toContain(
        'alter table orders rename column total_new to total',
      );
      expect(existsSync(join(copy.folder, `migrations/${copy.newNumber(8)}_rename_orders_total.ts`))).toBe(
        false,
      );
      // There are no values of this type to write in a test.
      const place = await copy.changeNew('--table', 'orders', '--column', 'place', '--rename', 'location');
      expect(place).toMatchObject({ exitCode: 0, stderr: '' });
      expect(place.stdout).not.toContain('test/orders/place-change.test.ts');

      expect(await copy.run('node_modules/oxlint/bin/oxlint')).toMatchObject({ exitCode: 0 });
      expect(
        await copy.run('node_modules/oxfmt/bin/oxfmt', '--check', 'src', 'migrations', 'test'),
      ).toMatchObject({
        exitCode: 0,
      });
      expect(await copy.run('node_modules/typescript/bin/tsc', '--noEmit')).toMatchObject({
        exitCode: 0,
        stdout: '',
      });
      const tested = await copy.run('node_modules/jest/bin/jest.js', 'test/orders', 'test/odd-table');
      expect(tested.stderr).toMatch(/Tests: {7}4 passed, 4 total/);
      const listed = await copy.run('node_modules/@mikro-orm/cli/cli.js', 'migration:pending');
      expect(listed.stdout).toContain(`${copy.newNumber(8)}_rename_orders_place`);
    },
    LIMIT_MS,
  );

  it.each([
    [
      ['--to', 'uuid', '--rename', 'x'],
      /^--rename only gives the column another name, and --to belongs to a change of its type: give one of the two\. .*\nError code: WRONG_USAGE\n$/,
    ],
    [
      ['--rename-in-contract', '--rename', 'x'],
      /^--rename only .* --rename-in-contract belongs[^]*WRONG_USAGE\n$/,
    ],
    [['--new-column', 'y', '--rename', 'x'], /^--rename only .* --new-column belongs[^]*WRONG_USAGE\n$/],
    [
      ['--rename', 'place'],
      /^public\.orders\.place cannot be changed as it is, and nothing was written:\n[^]*Error code: OBSTACLES\n$|^The column is called place already, and nothing was written\.\nError code: NAME_UNCHANGED\n$/,
    ],
    [['--rename', 'id', '--from', 'text'], /^place is point and not text[^]*COLUMN_TYPE_DIFFERS\n$/],
    [
      ['--rename', 'id'],
      /src\/column-changes\.ts has a change of public\.orders\.place already, to location, which is not finished/,
    ],
    [['--rename'], /argument missing[^]*WRONG_USAGE/],
  ])('%s is refused', async (options, message) => {
    const { exitCode, stderr } = await copy.changeNew('--table', 'orders', '--column', 'place', ...options);
    expect(stderr).toMatch(message);
    expect(exitCode).toBe(1);
  });

  it('refuses a name that is taken', async () => {
    const { stderr } = await copy.changeNew('--table', 'orders', '--column', 'id', '--rename', 'total');
    expect(stderr).toContain(
      'public.orders has a column total already: declare another `to.name`, or drop that column.',
    );
  });
});
