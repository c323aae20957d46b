import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openProjectCopy, type ProjectCopy } from './new-project.ts';
import { TABLES } from './several-columns-tables.ts';

let copy: ProjectCopy;
let project: string;

beforeAll(async () => {
  copy = await openProjectCopy(TABLES);
  project = copy.folder;
});
afterAll(async () => copy[Symbol.asyncDispose]());

const read = (path: string) => readFile(join(project, path), 'utf8');

describe('npx online-migration new --columns', () => {
  it('writes one ordinary migration if PostgreSQL changes all types at once, and it goes up and down', async () => {
    const { exitCode, stdout } = await copy.changeNew(
      '--table',
      'quick',
      '--columns',
      'code,label',
      '--to',
      'text',
    );
    expect({ exitCode, stdout }).toMatchObject({ exitCode: 0 });
    expect(stdout).toContain(
      'PostgreSQL changes code and label from character varying(5) and character varying(10) to text at once',
    );
    const file = /migrations\/\d+_alter_quick_code_and_label[.]ts/.exec(stdout)![0];
    expect(await read(file)).toContain(
      'alter table public.quick alter column code type text, alter column label type text;',
    );
    const { AlterQuickCodeAndLabel } = (await import(join(project, file))) as Record<
      string,
      new (...args: unknown[]) => { up(): void; down(): void; getQueries(): string[]; reset(): void }
    >;
    const types = () =>
      copy.client.value(`
        select string_agg(format_type(atttypid, atttypmod), ', ' order by attnum)
        from pg_attribute where attrelid = 'quick'::regclass and attname in ('code', 'label')`);
    const migration = new AlterQuickCodeAndLabel!();
    const run = async (direction: 'up' | 'down') => {
      migration.reset();
      migration[direction]();
      for (const query of migration.getQueries()) await copy.client.rows(query);
    };
    await run('up');
    expect(await types()).toBe('text, text');
    await copy.client.rows(`insert into quick (id, code, label) values (1, 'abc', 'longer than ten')`);
    await expect(run('down')).rejects.toThrow('label has values that character varying(10) cannot keep.');
    await copy.client.rows(`delete from quick`);
    await run('down');
    expect(await types()).toBe('character varying(5), character varying(10)');
  });

  it.each([
    [
      ['--table', 'quick', '--columns', 'code,total,code', '--to', 'uuid'],
      '--columns names the column code twice, and nothing was written. Name it once.',
      'COLUMN_TWICE',
    ],
    [
      ['--table', 'quick', '--columns', 'code,"code"', '--to', 'uuid'],
      '--columns names the column code twice, and nothing was written. Name it once.',
      'COLUMN_TWICE',
    ],
    [
      ['--table', 'quick', '--columns', 'code,sum', '--to', 'uuid'],
      'The table quick has no column sum, and nothing was written. It has: id, code, label, stamp, total.',
      'COLUMN_UNKNOWN',
    ],
    [
      ['--table', 'quick', '--columns', 'code,total', '--to', 'text'],
      'total is text already, and nothing was written. Leave it out of --columns.',
      'TYPE_UNCHANGED',
    ],
    [
      ['--table', 'quick', '--columns', 'code,label', '--from', 'varchar(5)', '--to', 'uuid'],
      'label is character varying(10) and not varchar(5), and nothing was written.',
      'COLUMN_TYPE_DIFFERS',
    ],
    [
      ['--table', 'quick', '--columns', 'code,,label', '--to', 'uuid'],
      '--columns code,,label: a name is empty. Give the names with a comma between them: --columns created_at,updated_at.',
      'WRONG_USAGE',
    ],
    [
      ['--table', 'quick', '--columns', 'code,label', '--rename', 'sum'],
      '--columns does not go with --rename: rename one column, with --column.',
      'WRONG_USAGE',
    ],
    [
      ['--table', 'quick', '--columns', 'code,label', '--column', 'stamp', '--to', 'uuid'],
      '--columns does not go with --column: name all columns in --columns.',
      'WRONG_USAGE',
    ],
    [
      ['--table', 'quick', '--columns', 'code,label', '--to', 'uuid', '--new-column', 'x'],
      '--columns does not go with --new-column: each new column gets the name <column>_new until rename. To choose another one, give --column.',
      'WRONG_USAGE',
    ],
    [
      ['--table', 'account', '--columns', 'owner_id,id,age', '--to', 'bigint'],
      'entry.account_id refers to id and must become wider first, and nothing was written. Write a change of it alone, which brings these ' +
        'changes with it, and finish one change before the next one begins:\n' +
        '  npx online-migration new --table account --column id --to bigint\n' +
        '  npx online-migration new --table account --columns owner_id,age --to bigint',
      'KEY_AMONG_COLUMNS',
    ],
    [
      ['--table', 'public.quick', '--columns', 'stamp,total', '--to', 'timestamptz'],
      'PostgreSQL changes the type of stamp at once, and total needs the phases of a column change. Nothing was written. Write two changes:\n' +
        '  npx online-migration new --table public.quick --column stamp --to timestamptz\n' +
        '  npx online-migration new --table public.quick --column total --to timestamptz\n' +
        'To change all of them in the same phases, add --phases to your command.',
      'CHANGE_PARTLY_INSTANT',
    ],
  ])('refuses %j, and writes nothing', async (args, message, code) => {
    const before = await read('src/column-changes.ts');
    expect(await copy.changeNew(...args)).toMatchObject({
      exitCode: 1,
      stderr: `${message}\nError code: ${code}\n`,
    });
    expect(await read('src/column-changes.ts')).toBe(before);
    expect(['quick', 'account'].filter((name) => existsSync(join(project, 'src', name)))).toEqual([]);
  });
});
