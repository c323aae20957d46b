import { mkdir, mkdtempDisposable, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { runCommandIn } from './plain-project.ts';
import { databasePerTest } from '../../support/tested-database.ts';

const PACKAGE = join(import.meta.dirname, '../../../src/online-migration');

const database = databasePerTest(
  `create schema if not exists "Odd ""Shop"""`,
  `drop table if exists "Odd ""Shop"""."Order €"`,
  `create table "Odd ""Shop"""."Order €" (
    id bigint generated always as identity primary key, "Created At" varchar(50) not null, updated_at timestamp,
    constraint dated check ("Created At" is not null or updated_at is not null), unique (updated_at, "Created At")
  )`,
  `insert into "Odd ""Shop"""."Order €" ("Created At", updated_at)
  select '2024-01-01 00:00:00', timestamp '2024-01-02' + n * interval '1 second' from generate_series(1, 500) n`,
);
const { client } = database;

const columns = () =>
  client.value(`
    select string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' order by attname collate "C")
    from pg_attribute where attrelid = '"Odd ""Shop"""."Order €"'::regclass and attnum > 1 and not attisdropped`);

it('each command works with a change of several columns that `new` has written', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'several-columns-'));
  await mkdir(join(folder.path, 'node_modules'));
  await symlink(PACKAGE, join(folder.path, 'node_modules/online-migration'));
  const config = join(folder.path, 'online-migration.config.ts');
  await writeFile(config, `export default { changes: [], connection: process.env.DATABASE_URL };`);
  const run = async (...options: string[]) => {
    const { exitCode, stdout, stderr } = await runCommandIn(folder.path, database.url, ...options);
    // A command that fails may print its reasons to stdout.
    expect({ options, exitCode, text: exitCode === 0 ? stderr : stdout + stderr }).toEqual({
      options,
      exitCode: 0,
      text: '',
    });
    return stdout;
  };
  const written = await run(
    'new',
    '--table',
    'Odd "Shop".Order €',
    '--columns',
    'Created At,updated_at',
    '--to',
    'timestamptz',
    '--phases',
  );
  const name = `Odd "Shop".Order €.Created At,updated_at`;
  expect(written).toContain(`
    npx online-migration up '${name}' --to expanded      expand
    npx online-migration up '${name}' --to backfilled    backfill
    npx online-migration up '${name}' --to enforced      enforce; `);
  expect(await readFile(join(folder.path, 'src/column-changes.ts'), 'utf8')).toContain(
    `import { oddShopOrderCreatedAtAndUpdatedAtChange } from './odd-shop-order/created-at-and-updated-at-change.ts';`,
  );
  await writeFile(
    config,
    `import { columnChanges } from './src/column-changes.ts';
    export default { changes: columnChanges, connection: process.env.DATABASE_URL };`,
  );
  const types = await columns();
  for (const chosen of [[], [name], ['Order €.updated_at'], [`Order €.Created At,updated_at`]]) {
    expect(await run('status', ...chosen)).toContain('initial');
  }
  expect(await run('preflight')).toContain('Ready: nothing stops this change.');
  expect(await run('up', '--to', 'backfilled')).toContain(`${name} is at backfilled.`);
  expect(await run('backfill')).toContain('The backfill is finished: 500 rows.');
  expect(await run('up', name, '--to', 'enforced')).toContain(`${name} is at enforced.`);
  const status = await run('status');
  expect(status).toMatch(/^Stage {10}enforced \(4 of 6\)$/m);
  expect(status).toMatch(/Created At_new/);
  expect(status).toMatch(/updated_at_new/);
  expect(await run('up')).toContain(`${name} is at renamed.`);
  expect(await columns()).toBe('Created At timestamp with time zone, updated_at timestamp with time zone');
  expect(await run('survey', '--schema', 'Odd "Shop"')).toContain('1 table with 3 columns');
  expect(await run('down', 'Order €.Created At', '--to', 'initial')).toContain(`${name} is at initial.`);
  expect(await columns()).toBe(types);
});
