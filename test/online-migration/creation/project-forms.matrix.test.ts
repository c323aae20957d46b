import { it } from '@jest/globals';
import { databasePerTest } from '../../support/tested-database.ts';
import { expectWrittenForm, FORMS, SETUP } from './written-form.ts';

const LIMIT_MS = 120_000;
const database = databasePerTest(...SETUP);

it.each(Object.keys(FORMS))(
  '%s: the written migrations run up, leave nothing to do, and run down',
  async (name) => expectWrittenForm(database, FORMS[name]!),
  LIMIT_MS,
);
