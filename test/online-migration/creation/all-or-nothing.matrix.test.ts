import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { openCreatedProject } from '../../support/created-project.ts';
import { smallProject } from '../../support/small-project.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const database = databasePerFile(
  `create table orders (id serial primary key, total text not null)`,
  `insert into orders (total) values ('1.50')`,
);

const ENTITIES = `[defineEntity({
  name: 'Order',
  tableName: 'orders',
  properties: {
    id: p.integer().primary().autoincrement(),
    total: p.decimal().precision(12).scale(2),
    note: p.text().nullable(),
  },
})]`;

const openProject = (migrations: string) =>
  openCreatedProject(
    database.url,
    smallProject({
      entities: ENTITIES,
      options: `migrations: { path: 'migrations', emit: 'cjs', snapshot: true, ${migrations} },`,
      extensions: 'extensions: [OnlineMigrator.with()]',
    }),
  );

it('removes the ordinary migration and keeps the snapshot if a folder cannot be made', async () => {
  await using project = await openProject('');
  await project.write('src/orders', 'not a folder');
  const before = await project.files();
  const { exitCode, stderr } = await project.run('online-migration', 'create');
  expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringContaining('src/orders') });
  expect(await project.files()).toEqual(before);
});

it('removes all files if the formatter fails', async () => {
  await using project = await openProject('');
  const formatter = join(project.folder, 'node_modules/oxfmt');
  await rm(formatter);
  await mkdir(join(formatter, 'bin'), { recursive: true });
  await writeFile(join(formatter, 'bin/oxfmt'), 'process.exit(3)');
  const before = await project.files();
  const { exitCode } = await project.run('online-migration', 'create');
  expect(exitCode).toBe(1);
  expect(await project.files()).toEqual(before);
});

it('removes all files if the snapshot cannot be saved', async () => {
  await using project = await openProject(`snapshotName: 'none/snapshot'`);
  const before = await project.files();
  const { exitCode, stderr } = await project.run('online-migration', 'create');
  expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringContaining('none/snapshot') });
  expect(await project.files()).toEqual(before);
});

it('writes nothing if the names of files do not sort', async () => {
  await using project = await openProject(
    `fileName: (timestamp, name = 'x') => timestamp.slice(0, 8) + '-' + name,`,
  );
  const before = await project.files();
  const { exitCode, stderr } = await project.run('online-migration', 'create');
  expect({ exitCode, stderr }).toEqual({
    exitCode: 1,
    stderr: expect.stringMatching(/a name that does not sort behind [^]*\nError code: CONFIG_INVALID\n$/),
  });
  expect(await project.files()).toEqual(before);
});

it.each([
  ['the ordinary one', 'edit'],
  ['one of a phase', 'expand_orders_total'],
])('writes no migration over another one: %s', async (_, name) => {
  await using project = await openProject(`fileName: (_, name = 'edit') => name,`);
  await project.write(`migrations/${name}.cjs`, '// mine');
  const before = await project.files();
  const { exitCode, stderr } = await project.run('online-migration', 'create');
  expect({ exitCode, stderr }).toEqual({
    exitCode: 1,
    stderr: expect.stringContaining(`migrations/${name}.cjs is there already, and nothing was written.`),
  });
  expect(await project.files()).toEqual(before);
  expect(await project.read(`migrations/${name}.cjs`)).toBe('// mine');
});
