import { execFile } from 'node:child_process';
import { mkdir, mkdtempDisposable, readdir, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';
import { databasePerTest } from '../../support/tested-database.ts';

const ONLINE_MIGRATION = join(import.meta.dirname, '../../../src/online-migration/cli/online-migration.ts');

const database = databasePerTest(`create table orders (id bigint primary key, total text not null)`);

const HINT = 'Add the `columnChanges` of src/column-changes.ts to `changes` of online-migration.config.mjs.';

/** Runs `new` in a project that has this configuration. */
async function writeChange(folder: string, config: string): Promise<string> {
  await writeFile(join(folder, 'online-migration.config.mjs'), config);
  const wanted = ['--table', 'orders', '--column', 'total', '--to', 'numeric(12,2)'];
  const { stdout } = await promisify(execFile)(process.execPath, [ONLINE_MIGRATION, 'new', ...wanted], {
    cwd: folder,
    env: { ...process.env, DATABASE_URL: database.url, NODE_OPTIONS: '' },
  });
  return stdout;
}

it('writes the declaration alone, and lists the commands of the package', async () => {
  await using project = await mkdtempDisposable(join(tmpdir(), 'plain-project-'));
  const stdout = await writeChange(
    project.path,
    `export default { changes: [], connection: process.env.DATABASE_URL };`,
  );
  expect((await readdir(project.path, { recursive: true })).filter((path) => path.endsWith('.ts'))).toEqual([
    'src/column-changes.ts',
    'src/orders/total-change.ts',
  ]);
  expect(stdout).not.toMatch(/mikro-orm|mapping|the ORM/);
  expect(stdout).toContain(HINT);
  expect(stdout).toContain(`
    npx online-migration up public.orders.total --to expanded      expand
    npx online-migration up public.orders.total --to backfilled    backfill
    npx online-migration up public.orders.total --to enforced      enforce; `);
});

it('names the list for a configuration of a MikroORM project that does not have it', async () => {
  await using project = await mkdtempDisposable(join(tmpdir(), 'orm-project-'));
  await symlink(join(import.meta.dirname, '../../../node_modules'), join(project.path, 'node_modules'));
  const stdout = await writeChange(
    project.path,
    `export default { changes: [], connection: process.env.DATABASE_URL, mikroOrm: {} };`,
  );
  expect(stdout).toContain('npx mikro-orm migration:up --to 0001');
  expect(stdout).toContain(HINT);
});

it('does not name the list for a configuration that has it', async () => {
  await using project = await mkdtempDisposable(join(tmpdir(), 'plain-project-'));
  await mkdir(join(project.path, 'src'));
  await writeFile(
    join(project.path, 'src/column-changes.ts'),
    `export const columnChanges: readonly ColumnChange[] = [];`,
  );
  const stdout = await writeChange(
    project.path,
    `import { columnChanges } from './src/column-changes.ts';
    export default { changes: columnChanges, connection: process.env.DATABASE_URL };`,
  );
  expect(stdout).not.toContain('Add the `columnChanges`');
});
