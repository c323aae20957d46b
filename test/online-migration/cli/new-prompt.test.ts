import { existsSync } from 'node:fs';
import { mkdir, mkdtempDisposable, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { answering } from '../../support/answering.ts';
import { describeInTerminal } from '../../support/terminal.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const PACKAGE = join(import.meta.dirname, '../../../src/online-migration');
const COLUMN = 'Column (several with commas): ';

const database = databasePerFile(
  `create table orders (id bigint primary key, "Last, First" varchar(50) not null, updated_at timestamp, deleted_at timestamp)`,
);

/** Runs `npx online-migration new` in an empty project, and answers its questions. */
async function answeringNew(
  options: string,
  answers: readonly [question: string, answer: string][],
): Promise<{ exitCode: number | null; shown: string; declaration: string | null }> {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'new-prompt-'));
  await mkdir(join(folder.path, 'node_modules'));
  await symlink(PACKAGE, join(folder.path, 'node_modules/online-migration'));
  await writeFile(
    join(folder.path, 'online-migration.config.ts'),
    `export default { changes: [], connection: process.env.DATABASE_URL };`,
  );
  const command = `${PACKAGE}/cli/online-migration.ts new ${options}`;
  const ended = await answering({ folder: folder.path, databaseUrl: database.url, command }, answers);
  const file = /src\/orders\/\S+-change[.]ts/.exec(ended.shown)?.[0];
  const list = join(folder.path, 'src/column-changes.ts');
  expect(existsSync(list)).toBe(ended.exitCode === 0);
  return {
    ...ended,
    declaration: file === undefined ? null : await readFile(join(folder.path, file), 'utf8'),
  };
}

describeInTerminal('npx online-migration new in a terminal', () => {
  it('accepts several columns as the answer, as --columns does', async () => {
    const { exitCode, declaration } = await answeringNew('--phases', [
      ['Table: ', 'orders'],
      [COLUMN, 'updated_at, "deleted_at"'],
      ['New type: ', 'timestamptz'],
    ]);
    expect(exitCode).toBe(0);
    expect(declaration).toContain(`name: "updated_at"`);
    expect(declaration).toContain(`name: "deleted_at_new"`);
  });

  it('accepts one column, whose comma needs SQL quotes', async () => {
    const { exitCode, declaration } = await answeringNew('--table orders --to text --phases', [
      [COLUMN, '"Last, First"'],
    ]);
    expect(exitCode).toBe(0);
    expect(declaration).toContain(`name: "Last, First"`);
  });

  it.each([
    ['--to text', 'updated_at,nothing', 'The table orders has no column nothing'],
    ['--to text', 'updated_at,updated_at', '--columns names the column updated_at twice'],
    ['--to text', 'updated_at,', '--columns updated_at,: a name is empty'],
    ['--to text', '', 'a name is empty'],
    ['--rename changed_at', 'updated_at,deleted_at', '--columns does not go with --rename'],
    ['--to text --new-column x', 'updated_at,deleted_at', '--columns does not go with --new-column'],
  ])('refuses the same as on the command line: %s, %j', async (options, answer, message) => {
    const { exitCode, shown } = await answeringNew(`--table orders ${options}`, [[COLUMN, answer]]);
    expect(exitCode).toBe(1);
    expect(shown).toContain(message);
  });
});
