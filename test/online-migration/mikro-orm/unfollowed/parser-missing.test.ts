import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';

const FOLDER = join(import.meta.dirname, '../../../../src/online-migration/sql');

/** A project that has not installed the parser. */
const WITHOUT_PARSER = `
  import { registerHooks } from 'node:module';
  registerHooks({
    resolve(specifier, context, nextResolve) {
      return nextResolve(specifier === 'libpg-query' ? 'libpg-query-absent' : specifier, context);
    },
  });
  const { loadSqlParser } = await import('${pathToFileURL(join(FOLDER, 'sql-parser.ts')).href}');
  const error = await loadSqlParser().catch((reason) => reason);
  console.log(error.code + ' ' + error.message);`;

it('a missing parser is an error that names it', async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--eval', WITHOUT_PARSER],
    { env: { ...process.env, NODE_OPTIONS: '', NODE_NO_WARNINGS: '1' } },
  );
  expect(stdout).toMatch(
    /^SQL_PARSER_MISSING `onUnfollowedStatement` needs libpg-query, which is not installed: install it/,
  );
});
