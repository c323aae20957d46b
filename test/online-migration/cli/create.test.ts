import { expect, it } from '@jest/globals';
import { type CreatedProject, openCreatedProject } from '../../support/created-project.ts';
import { smallProject } from '../../support/small-project.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const database = databasePerFile(
  `create table orders (id serial primary key, total text not null, note text, memo text)`,
  `insert into orders (total) values ('1')`,
);

const ENTITIES = `[defineEntity({
  name: 'Order',
  tableName: 'orders',
  properties: {
    id: p.integer().primary().autoincrement(),
    total: p.text(),
    remark: p.text().nullable(),
    extra: p.string(),
  },
})]`;

const openProject = (entities = ENTITIES) => openCreatedProject(database.url, smallProject({ entities }));

async function expectNothingWritten(project: CreatedProject): Promise<void> {
  expect((await project.files()).filter((file) => /migrations|src/.test(file))).toEqual([]);
}

it('names all answers that are missing, and writes nothing', async () => {
  await using project = await openProject();
  const { exitCode, stderr } = await project.run('online-migration', 'create');
  expect(exitCode).toBe(1);
  expect(stderr).toContain('The column orders.note is gone from the entities, and remark, extra have come. ');
  expect(stderr).toContain('Error code: ANSWER_NEEDED');
  await expectNothingWritten(project);
});

it('prints JSON alone with --json, errors included', async () => {
  await using project = await openProject();
  const refused = await project.run('online-migration', '--json', 'create');
  expect(JSON.parse(refused.stderr)).toMatchObject({
    error: { code: 'ANSWER_NEEDED', details: { questions: [{ name: 'public.orders.note' }, {}] } },
  });
  const answers = ['--rename', 'note=remark', '--drop', 'memo', '--fill', `extra='x'`];
  const created = await project.run('online-migration', '--json', 'create', '--name', 'my words', ...answers);
  const files = (await project.files()).filter((file) => file.startsWith('migrations'));
  expect(JSON.parse(created.stdout)).toMatchObject({
    files: files.map((file) => file.replace('migrations/', '')),
  });
  expect(files[0]).toMatch(/^migrations\/Migration\d{14}_my_words\.cjs$/);
});

it('writes what MikroORM writes with --as-written', async () => {
  await using project = await openProject();
  const { exitCode, stdout } = await project.run('online-migration', 'create', '--as-written');
  expect({ exitCode, stdout }).toEqual({
    exitCode: 0,
    stdout: expect.stringMatching(/Written: \S+\.cjs\n$/),
  });
  const [file] = (await project.files()).filter((path) => path.startsWith('migrations'));
  expect(await project.read(file!)).toContain('alter table "orders" drop column "note", drop column "memo";');
});
