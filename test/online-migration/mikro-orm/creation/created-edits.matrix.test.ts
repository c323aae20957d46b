import { describe, it } from '@jest/globals';
import { SERVER_MAJOR } from '../../../support/server-major.ts';
import { databasePerFile } from '../../../support/tested-database.ts';
import { EDITS } from '../../ordinary/edits/all-edits.ts';
import { COMBINATIONS } from './combinations.ts';
import { OUTCOMES } from './outcomes.ts';
import { expectCreated } from './run-created.ts';

const database = databasePerFile();
const edits = [...EDITS.map((edit) => ({ ...edit, ...OUTCOMES[edit.name] })), ...COMBINATIONS];

describe('migration:create', () => {
  it.each(edits.filter(({ since = 0 }) => since <= SERVER_MAJOR).map((edit) => [edit.name, edit] as const))(
    'writes migrations up and down for an edit of %s, or refuses it',
    async (_, edit) => {
      await expectCreated(database, edit);
    },
  );
});
