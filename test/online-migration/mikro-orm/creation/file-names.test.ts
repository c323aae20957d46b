import { mkdir, mkdtempDisposable, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { p } from '@mikro-orm/core';
import { answersFrom } from '../../../../src/online-migration/mikro-orm/creation/questions/answers.ts';
import { readProjectMigrations } from '../../../../src/online-migration/new-change/project-migrations.ts';
import { databasePerFile } from '../../../support/tested-database.ts';
import { orders } from '../../ordinary/edits/entities.ts';
import { openGeneratedProject } from './generated-project.ts';

const database = databasePerFile(
  `create table orders (id serial primary key, total int not null, note text)`,
  `insert into orders (total) values (1)`,
);

it('the files of a moment ago may be ahead of the clock: the new ones are behind them', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'names-'));
  await mkdir(join(folder.path, 'migrations'));
  for (const name of ['Migration20991231235958.ts', 'Migration20991231235959_fill_orders_extra.ts'])
    await writeFile(join(folder.path, 'migrations', name), '');
  const { migrations } = await readProjectMigrations(folder.path, {});
  expect([migrations.fileOf(0, 'change'), migrations.fileOf(1, 'fill')]).toEqual([
    'Migration21000101000000_change',
    'Migration21000101000001_fill',
  ]);
});

it('all files are in the folder that the command names', async () => {
  await using project = await openGeneratedProject(database.url, [orders({ extra: p.string() })]);
  project.migrator.answerBy(answersFrom({ fill: [`extra='x'`] }));
  await project.migrator.create('elsewhere');
  expect(await readdir(join(project.folder, 'elsewhere'))).toHaveLength(3);
  expect(await project.files()).toEqual([]);
});
