import { expect, it } from '@jest/globals';
import { openCreatedProject } from '../../support/created-project.ts';
import { smallProject, type SmallProject } from '../../support/small-project.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const database = databasePerFile(
  `create table orders (id serial primary key, total text not null, note text)`,
  `insert into orders (total) values ('1.50')`,
);

const entities = (properties: string) => `[defineEntity({
  name: 'Order',
  tableName: 'orders',
  properties: { id: p.integer().primary().autoincrement(), ${properties} },
})]`;

const SAME = entities('total: p.text(), note: p.text().nullable()');
const CHANGED = entities(
  'total: p.decimal().precision(12).scale(2), note: p.text().nullable(), memo: p.text().nullable()',
);
const RENAMED = entities('total: p.text(), remark: p.text().nullable()');

async function openProject(project: SmallProject, files: Readonly<Record<string, string>> = {}) {
  const opened = await openCreatedProject(database.url, { ...smallProject(project), ...files });
  const before = await opened.files();
  return Object.assign(opened, {
    create: (...args: string[]) => opened.run('mikro-orm', 'migration:create', ...args),
    written: async () => (await opened.files()).filter((file) => !before.includes(file)),
  });
}

const NUMBERED = {
  'migrations/0001_begin.cjs': `const { Migration } = require('@mikro-orm/migrations');
exports.Begin = class Begin extends Migration { up() {} };`,
};

it('-n names the ordinary migration', async () => {
  await using project = await openProject({ entities: CHANGED });
  expect(await project.create('-n', 'my_edit')).toMatchObject({ exitCode: 0 });
  expect(await project.written()).toContainEqual(
    expect.stringMatching(/^migrations\/Migration\d{14}_my_edit[.]cjs$/),
  );
});

it('-n names a numbered migration', async () => {
  await using project = await openProject({ entities: CHANGED }, NUMBERED);
  expect(await project.create('-n', 'my/edit')).toMatchObject({ exitCode: 0 });
  expect(await project.written()).toContain('migrations/0002_my_edit.cjs');
});

it('-p has all migrations in another folder', async () => {
  await using project = await openProject({ entities: CHANGED });
  expect(await project.create('-p', 'other/place')).toMatchObject({ exitCode: 0 });
  const written = await project.written();
  expect(written.filter((file) => file.startsWith('other/place/'))).toHaveLength(6);
  const expand = written.find((file) => file.includes('expand_orders_total'))!;
  expect(await project.read(expand)).toMatch(/require\(["']..\/..\/src\/orders\/total-change.cjs["']\)/);
});

it('--dump shows the statements and the further files', async () => {
  await using project = await openProject({ entities: CHANGED });
  const { stdout } = await project.create('--dump');
  expect(stdout).toMatch(/up:[^]*add "memo" text null;[^]*-- Migration\d{14}_expand_orders_total[.]cjs/);
  expect(stdout).toMatch(/Migration\d{14}_rename_orders_total[.]cjs successfully created\n$/);
});

it.each([
  ["a folder with MikroORM's names", {}, /^migrations\/Migration\d{14}[.]cjs$/],
  ['numbered files', NUMBERED, /^migrations\/0002_blank[.]cjs$/],
])('--blank writes one empty migration into %s', async (_, files, name) => {
  await using project = await openProject({ entities: CHANGED }, files);
  expect(await project.create('--blank')).toMatchObject({ exitCode: 0 });
  expect(await project.written()).toEqual([expect.stringMatching(name)]);
  const [file] = await project.written();
  expect(await project.read(file!)).toContain('select 1');
});

it('--initial writes what MikroORM writes', async () => {
  await using project = await openProject({ entities: SAME });
  expect(await project.create('--initial')).toMatchObject({ exitCode: 0 });
  const [file, ...others] = await project.written();
  expect(others).toEqual([]);
  const text = await project.read(file!);
  expect(text).toContain('create table "orders"');
  expect(text).not.toContain('//');
});

it('says that nothing has changed', async () => {
  await using project = await openProject({ entities: SAME });
  expect(await project.create()).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining('No changes required, schema is up-to-date'),
  });
  expect(await project.run('mikro-orm', 'migration:check')).toMatchObject({ exitCode: 0 });
});

it('refuses without a terminal, and names the command with the answers', async () => {
  await using project = await openProject({ entities: RENAMED });
  const { exitCode, stderr } = await project.create();
  expect(exitCode).toBe(1);
  expect(stderr).toContain('`npx online-migration create --rename orders.note=remark`');
  expect(stderr).not.toContain('    at ');
  expect(await project.written()).toEqual([]);
  expect(await project.run('mikro-orm', 'migration:check')).toMatchObject({
    exitCode: 1,
    stdout: expect.stringContaining('Changes detected'),
  });
});

it.each([
  [
    "an own folder and MikroORM's names",
    { entities: SAME, migrations: `{ path: 'db/changes', emit: 'cjs' }` },
    { 'db/changes/Migration20250101000000.cjs': Object.values(NUMBERED)[0]! },
    /^db\/changes\/Migration\d{14}_expand_orders_total[.]cjs$/,
  ],
  [
    'names of its own',
    {
      entities: SAME,
      migrations: `{ path: 'migrations', emit: 'js', fileName: (time, name) => 'M' + time + '.' + name }`,
    },
    {},
    /^migrations\/M\d{14}[.]expand_orders_total[.]js$/,
  ],
  ['numbers', { entities: SAME }, NUMBERED, /^migrations\/0002_expand_orders_total[.]cjs$/],
  [
    "MikroORM's own folder",
    { entities: SAME, migrations: `{ emit: 'cjs' }` },
    { 'src/x.js': '', 'dist/x.js': '' },
    /^dist\/migrations\/0001_expand_orders_total[.]cjs$/,
  ],
])('`npx online-migration new` writes into a project with %s', async (_, parts, files, name) => {
  await using project = await openProject(parts, files);
  const wanted = ['--table', 'orders', '--column', 'total', '--to', 'numeric(12,2)'];
  expect(await project.run('online-migration', 'new', ...wanted)).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/npx mikro-orm migration:up --to \S+ {4}expand/),
  });
  const written = await project.written();
  expect(written).toContainEqual(expect.stringMatching(name));
  expect(await project.run('mikro-orm', 'migration:up')).toMatchObject({ exitCode: 0, stderr: '' });
  expect(await database.client.value('select total from orders')).toBe('1.50');
  expect(await database.client.value(`select pg_typeof(total)::text from orders`)).toBe('numeric');
});
