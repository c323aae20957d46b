import { describe, expect, it } from '@jest/globals';
import { databasePerFile } from '../../support/tested-database.ts';
import { EDITS } from './edits/all-edits.ts';
import { expectEdit } from './edits/run-edit.ts';

const database = databasePerFile();

// All edits: entity-edits.matrix.test.ts.
describe('an edit of entities', () => {
  it.each([
    'a nullable property that becomes required',
    'several indexes with other columns',
    'a relation with other rules',
    'a text enum with other values and another default',
    'text to a native enum',
    'an entity that is dropped with the relation to it',
    'a table with another name',
    'a table of another schema, with odd names',
    'many changes in one migration',
  ])('of %s leads to the catalog of MikroORM by safe steps, or is refused', async (name) => {
    const edit = EDITS.find((each) => each.name === name);
    expect(edit).toBeDefined();
    await expectEdit(database, edit!);
  });
});
