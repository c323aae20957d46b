import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, it } from '@jest/globals';
import { PROJECT_FOLDER } from '../../../src/database/project-folder.ts';
import { databasePerTest } from '../../support/tested-database.ts';
import { compiled, expectWrittenForm, SETUP } from './written-form.ts';

/** The package is built, and each project is compiled twice. */
const LIMIT_MS = 300_000;
const PACKAGE_FOLDER = join(PROJECT_FOLDER, 'dist/online-migration');

const database = databasePerTest(...SETUP);

beforeAll(async () => {
  await promisify(execFile)(process.execPath, ['src/online-migration/packaging/build.ts'], {
    cwd: PROJECT_FOLDER,
  });
}, LIMIT_MS);

it.each(['module', 'commonjs'])(
  'the migrations of a project that tsc compiles run from the compiled files: %s',
  async (type) => expectWrittenForm(database, compiled(type), PACKAGE_FOLDER),
  LIMIT_MS,
);
