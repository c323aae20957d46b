import { describe, expect, it } from '@jest/globals';
import { databasePerFile } from '../../../support/tested-database.ts';
import { EDITS } from '../../ordinary/edits/all-edits.ts';
import { COMBINATIONS } from './combinations.ts';
import { OUTCOMES } from './outcomes.ts';
import { expectCreated } from './run-created.ts';

const database = databasePerFile();
const edits = [...EDITS.map((edit) => ({ ...edit, ...OUTCOMES[edit.name] })), ...COMBINATIONS];

// All edits: created-edits.matrix.test.ts.
describe('migration:create', () => {
  it.each([
    'many changes in one migration',
    'a required property, and a required property that is dropped',
    'two properties that are renamed and one that is dropped',
    'a table with another name, which has relations, and a renamed property',
    'a label of an enum that is gone and another one that has come, with a default',
    'a property that is renamed and has another type and an index',
    'a renamed property that a generated one and a policy use',
    'a renamed property that a view uses',
    'a generated property that is dropped with its source',
    'a label of an enum that is gone and another one that has come, in arrays',
  ])('writes migrations up and down for an edit of %s', async (name) => {
    const edit = edits.find((each) => each.name === name);
    expect(edit).toBeDefined();
    await expectCreated(database, edit!);
  });
});
