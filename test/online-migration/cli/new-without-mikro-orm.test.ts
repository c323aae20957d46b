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
async function writeChange(
  folder: string,
  config: string,
  [table, column] = ['orders', 'total'],
): Promise<string> {
  await writeFile(join(folder, 'online-migration.config.mjs'), config);
  const wanted = ['--table', table, '--column', column, '--to', 'numeric(12,2)'];
  const { stdout } = await promisify(execFile)(process.execPath, [ONLINE_MIGRATION, 'new', ...wanted], {
    cwd: folder,
    env: { ...process.env, DATABASE_URL: database.url, NODE_OPTIONS: '' },
  });
  return stdout;
}

/** A configuration without MikroORM. */
const PLAIN = `export default { changes: [], connection: process.env.DATABASE_URL };`;

it('reports all obstacles at once, also those that only expand refuses', async () => {
  await database.client.rows(`
    create view totals as select total from orders;
    create table kept (was totals);
    create index large on orders (length(total));
    create function f() returns trigger language plpgsql as $$ begin new.total := trim(new.total); return new; end $$;
    create trigger watch before insert on orders for each row execute function f();
    create publication totals for table orders`);
  await using project = await mkdtempDisposable(join(tmpdir(), 'plain-project-'));
  const refusal = writeChange(project.path, PLAIN);
  await expect(refusal).rejects.toMatchObject({
    stderr: expect.stringMatching(
      /nothing was written:\n {2}The index large [^]*\n {2}The view public\.totals cannot go over by itself: [^]*\n {2}The trigger function public\.f\(\) [^]*\n {2}The publication totals /,
    ),
  });
});

it.each([
  ['"public"."orders"', '"total"'],
  ['PUBLIC.orders', 'TOTAL'],
])('understands %s and %s as SQL does', async (table, column) => {
  await using project = await mkdtempDisposable(join(tmpdir(), 'plain-project-'));
  expect(await writeChange(project.path, PLAIN, [table, column])).toContain('src/orders/total-change.ts');
});

it.each([
  [
    'no value could be converted',
    `alter table orders alter total type varchar(3)`,
    'A numeric(12,2) has at least 4 characters as a text, and character varying(3) takes no such text. Nothing was written.',
  ],
  [
    'the default does not convert',
    `alter table orders alter total set default 'free'`,
    `The default of total, 'free'::text, does not convert to numeric(12,2), and nothing was written. Change the default first.`,
  ],
])('reports obstacles first, and then that %s', async (_, change, last) => {
  await database.client.rows(
    `${change}; create view totals as select total from orders; create table kept (was totals)`,
  );
  await using project = await mkdtempDisposable(join(tmpdir(), 'plain-project-'));
  const refusal = await writeChange(project.path, PLAIN).catch(({ stderr }: { stderr: string }) => stderr);
  expect(refusal).toMatch(
    /^public\.orders\.total cannot be changed as it is, and nothing was written:\n {2}The view public\.totals cannot go over /,
  );
  expect(refusal).toMatch(/Error code: OBSTACLES\n$/);
  expect(refusal.trim().split('\n').at(-2)).toBe(`  ${last}`);
  expect(refusal).not.toContain('to.default');
});

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
