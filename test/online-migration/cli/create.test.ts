import { expect, it } from '@jest/globals';
import { databasePerFile } from '../../support/tested-database.ts';
import { EDITED_TABLE, expectNothingWritten, openEditedProject } from './edited-project.ts';

const database = databasePerFile(...EDITED_TABLE);
const openProject = (entities?: string) => openEditedProject(database, entities);

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
