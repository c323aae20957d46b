import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { p } from '@mikro-orm/core';
import { answersFrom } from '../../../../src/online-migration/mikro-orm/creation/questions/answers.ts';
import { databasePerFile } from '../../../support/tested-database.ts';
import { orders } from '../../ordinary/edits/entities.ts';
import { openGeneratedProject } from './generated-project.ts';

const database = databasePerFile(
  `create table orders (id serial primary key, total int not null, note text)`,
  `insert into orders (total) values (1)`,
);

it('a table whose column change is under way gets no other name', async () => {
  await using project = await openGeneratedProject(database.url, [orders({ total: p.bigint() })]);
  await project.migrator.create();
  const [expand = ''] = await project.files();
  await project.migrator.up({ to: expand.replace('.ts', '') });
  await using later = await openGeneratedProject(database.url, [
    orders({ total: p.bigint() }, { tableName: 'purchases' }),
  ]);
  for (const folder of ['migrations', 'src']) {
    await cp(join(project.folder, folder), join(later.folder, folder), { recursive: true });
  }
  const files = await later.files();
  later.migrator.answerBy(answersFrom({ rename: ['orders=purchases'] }));
  await expect(later.migrator.create()).rejects.toMatchObject({
    code: 'CHANGE_NOT_FINISHED',
    message: expect.stringContaining('The column change of orders.total is not finished'),
  });
  expect(await later.files()).toEqual(files);
});
