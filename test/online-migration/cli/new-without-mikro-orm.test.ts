import { execFile } from 'node:child_process';
import { mkdtempDisposable, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';
import { databasePerTest } from '../../support/tested-database.ts';

const ONLINE_MIGRATION = join(import.meta.dirname, '../../../src/online-migration/cli/online-migration.ts');

const database = databasePerTest(`create table orders (id bigint primary key, total text not null)`);

it('writes the declaration alone, and lists the commands of the package', async () => {
  await using project = await mkdtempDisposable(join(tmpdir(), 'plain-project-'));
  await writeFile(
    join(project.path, 'online-migration.config.mjs'),
    `export default { changes: [], connection: process.env.DATABASE_URL };`,
  );
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [
      ONLINE_MIGRATION,
      '--config',
      'online-migration.config.mjs',
      'new',
      '--table',
      'orders',
      '--column',
      'total',
      '--to',
      'numeric(12,2)',
    ],
    { cwd: project.path, env: { ...process.env, DATABASE_URL: database.url, NODE_OPTIONS: '' } },
  );
  expect((await readdir(project.path, { recursive: true })).filter((path) => path.endsWith('.ts'))).toEqual([
    'src/column-changes.ts',
    'src/orders/total-change.ts',
  ]);
  expect(stdout).not.toMatch(/mikro-orm|mapping|the ORM/);
  expect(stdout).toContain('Give the configuration file the `columnChanges`');
  expect(stdout).toContain(`
    npx online-migration up public.orders.total --to expanded      expand
    npx online-migration up public.orders.total --to backfilled    backfill
    npx online-migration up public.orders.total --to enforced      enforce; `);
});
