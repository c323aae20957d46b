import { describe, expect, it } from '@jest/globals';
import { databasePerFile } from '../../support/tested-database.ts';
import { SERVER_MAJOR } from '../../support/server-major.ts';
import { EDITS } from './edits/all-edits.ts';
import { fillTables } from './edits/fill-tables.ts';
import { endWatch, watchLocks } from './edits/locked-reads.ts';
import { createMigration, openProject } from './edits/project.ts';
import { createTables, expectEdit } from './edits/run-edit.ts';

const database = databasePerFile();

describe('an edit of entities', () => {
  it.each(EDITS.filter(({ since = 0 }) => since <= SERVER_MAJOR).map((edit) => [edit.name, edit] as const))(
    'of %s leads to the catalog of MikroORM by safe steps, or is refused',
    async (_, edit) => {
      await expectEdit(database, edit);
    },
  );

  it.each([
    ['an index', 'create index'],
    ['a nullable property that becomes required', 'set not null'],
    ['an integer that becomes a relation', 'foreign key'],
    ['integer to bigint', 'type bigint'],
  ])('of %s reads the table under a lock, if MikroORM runs it', async (name, statement) => {
    const edit = EDITS.find((each) => each.name === name)!;
    await createTables(database, edit);
    await fillTables(database.client);
    const diff = await createMigration(database.url, edit.after(), 'plain');
    await using project = await openProject(database.url, edit.after(), 'plain', diff);
    await watchLocks(database.client);
    await project.migrator.up();
    expect(await endWatch(database.client)).toContainEqual({
      statement: expect.stringContaining(statement),
      table: 'orders',
      rows: expect.any(Number),
    });
  });
});
