import { execFile } from 'node:child_process';
import { mkdtempDisposable, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';
import { databasePerTest } from '../../support/tested-database.ts';

const ONLINE_MIGRATION = join(import.meta.dirname, '../../../src/online-migration/cli/online-migration.ts');

const database = databasePerTest(`create table orders (id bigint primary key, total text not null)`);

/** Runs `new` in a project without MikroORM. */
async function runNew(project: string, table: string, column: string) {
  await writeFile(
    join(project, 'online-migration.config.mjs'),
    `export default { changes: [], connection: process.env.DATABASE_URL };`,
  );
  const wanted = ['--table', table, '--column', column, '--to', 'numeric(12,2)'];
  return await promisify(execFile)(
    process.execPath,
    [ONLINE_MIGRATION, '--config', 'online-migration.config.mjs', 'new', ...wanted],
    { cwd: project, env: { ...process.env, DATABASE_URL: database.url, NODE_OPTIONS: '' } },
  );
}

it('reports all obstacles at once, also those that only expand refuses', async () => {
  await database.client.rows(`
    create view totals as select total from orders;
    create index large on orders (length(total));
    create function f() returns trigger language plpgsql as $$ begin new.total := trim(new.total); return new; end $$;
    create trigger watch before insert on orders for each row execute function f();
    create publication totals for table orders`);
  await using project = await mkdtempDisposable(join(tmpdir(), 'plain-project-'));
  const refusal = runNew(project.path, 'orders', 'total');
  await expect(refusal).rejects.toMatchObject({
    stderr: expect.stringMatching(
      /nothing was written:\n {2}The index large [^]*\n {2}view totals depends on total [^]*\n {2}The trigger function public\.f\(\) [^]*\n {2}The publication totals /,
    ),
  });
});

it.each([
  [
    '"public"."orders"',
    'total',
    'There is no table "public"."orders", and nothing was written.',
    'There is: orders.',
  ],
  [
    'orders',
    '"total"',
    'The table orders has no column "total", and nothing was written.',
    'It has: id, total.',
  ],
])('says of %s and %s that names are given without quotes', async (table, column, reason, choice) => {
  await using project = await mkdtempDisposable(join(tmpdir(), 'plain-project-'));
  await expect(runNew(project.path, table, column)).rejects.toMatchObject({
    stderr: expect.stringContaining(`${reason} Give names without SQL quotes. ${choice}`),
  });
});

it('writes the declaration alone, and lists the commands of the package', async () => {
  await using project = await mkdtempDisposable(join(tmpdir(), 'plain-project-'));
  const { stdout } = await runNew(project.path, 'orders', 'total');
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
