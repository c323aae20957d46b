import { expect, it } from '@jest/globals';
import { databasePerFile } from '../../support/tested-database.ts';
import { EDITED_TABLE, expectNothingWritten, openEditedProject } from './edited-project.ts';

const database = databasePerFile(...EDITED_TABLE);
const openProject = (entities?: string) => openEditedProject(database, entities);

it.each([
  [['--rename', 'note'], 'WRONG_USAGE', '--rename note: it needs the old name, `=` and the new name'],
  [['--fill', 'extra='], 'WRONG_USAGE', '--fill extra=: it needs the column, `=` and an SQL expression'],
  [['--rename', 'note=remark', '--drop', 'note'], 'WRONG_USAGE', '--rename and --drop both name note'],
  [['--rename', 'note=remark', '--as-written'], 'WRONG_USAGE', 'leave out --rename, --drop and --fill'],
  [
    ['--rename', 'note=remark', '--rename', 'memo=remark'],
    'WRONG_USAGE',
    'orders.note and orders.memo cannot both become remark',
  ],
  [['--rename', 'note=other', '--drop', 'memo'], 'ANSWER_UNKNOWN', 'New there: remark, extra.'],
  [
    ['--rename', 'note=remark', '--drop', 'memo', '--drop', 'nothing'],
    'ANSWER_UNKNOWN',
    'raise no question on nothing',
  ],
  [
    ['--rename', 'note=remark', '--drop', 'memo', '--fill', `extra='x'`, '--fill', `total='y'`],
    'ANSWER_UNKNOWN',
    'raise no question on total',
  ],
] as const)('refuses %j', async (args, code, sentence) => {
  await using project = await openProject();
  const { exitCode, stderr } = await project.run('online-migration', 'create', ...args);
  expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringContaining(sentence) });
  expect(stderr).toMatch(new RegExp(`\nError code: ${code}\n$`));
  await expectNothingWritten(project);
});
