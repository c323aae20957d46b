import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { answering } from '../../support/answering.ts';
import { openCreatedProject } from '../../support/created-project.ts';
import { smallProject } from '../../support/small-project.ts';
import { describeInTerminal } from '../../support/terminal.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const CTRL_C = '\u0003';
const CTRL_D = '\u0004';

const database = databasePerFile(
  `create type mood as enum ('ok', 'bad')`,
  `create table orders (id serial primary key, note text, mood mood not null)`,
  `create table customers (id serial primary key)`,
  `insert into orders (mood) values ('ok')`,
);

const ENTITIES = `[
  defineEntity({ name: 'Client', tableName: 'clients', properties: { id: p.integer().primary().autoincrement() } }),
  defineEntity({
    name: 'Order',
    tableName: 'orders',
    properties: {
      id: p.integer().primary().autoincrement(),
      remark: p.text().nullable(),
      extra: p.string(),
      mood: p.enum(() => ({ Ok: 'ok', Sad: 'sad' })).nativeEnumName('mood'),
    },
  }),
]`;

const PROGRAMS = {
  'online-migration create': 'online-migration/cli/online-migration.ts create',
  'mikro-orm migration:create': '@mikro-orm/cli/cli.js migration:create',
};

async function answer(program: keyof typeof PROGRAMS, answers: readonly [string, string][]) {
  await using project = await openCreatedProject(database.url, smallProject({ entities: ENTITIES }));
  const command = join(project.folder, 'node_modules', PROGRAMS[program]);
  const ended = await answering({ folder: project.folder, databaseUrl: database.url, command }, answers);
  const files = (await project.files()).filter((file) => /migrations|src/.test(file));
  return { ...ended, texts: await Promise.all(files.map((file) => project.read(file))) };
}

const TABLE = 'customers is called clients now';
const LABEL = 'bad is called sad now';
const COLUMN = 'note is called remark now';

describeInTerminal('a new migration in a terminal', () => {
  it.each(Object.keys(PROGRAMS) as (keyof typeof PROGRAMS)[])(
    '%s asks, and shows the statements of each answer',
    async (program) => {
      const { exitCode, shown, texts } = await answer(program, [
        [TABLE, '1'],
        [LABEL, '1'],
        [COLUMN, '1'],
        ['SQL expression', `'x'`],
      ]);
      expect(exitCode).toBe(0);
      for (const line of [
        '1  customers is called clients now: its values are kept',
        'alter table "customers" rename to "clients"',
        '2  customers is not needed any more: its rows are lost',
        'create table "clients" (…)',
        'drop table "customers"',
        `alter type "mood" add value 'sad'`,
        `update "orders" set "mood" = 'sad' where "mood" = 'bad'`,
        'alter table "orders" rename column "note" to "remark"',
        'alter table "orders" rename column "note" to "extra"',
        'alter table "orders" add column "remark" text',
        'alter table "orders" drop column "note"',
      ]) {
        expect(shown.split('\n').map((each) => each.trim())).toContain(line);
      }
      expect(texts.join('\n')).toContain('rename column "note" to "remark"');
    },
  );

  it.each([
    ['online-migration create', 'Ctrl-C', CTRL_C],
    ['online-migration create', 'the end of the input', CTRL_D],
    ['mikro-orm migration:create', 'Ctrl-C', CTRL_C],
    ['mikro-orm migration:create', 'the end of the input', CTRL_D],
  ] as const)('%s writes nothing on %s', async (program, _, key) => {
    const { exitCode, shown, texts } = await answer(program, [
      [TABLE, '1'],
      [LABEL, key],
    ]);
    expect({ exitCode, texts }).toEqual({ exitCode: 1, texts: [] });
    expect(shown.replaceAll('\n', ' ')).toContain('nothing was written');
  });
});
