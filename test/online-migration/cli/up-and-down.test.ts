import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { databasePerFile } from '../../support/tested-database.ts';
import { openPlainProject, type PlainProject } from './plain-project.ts';

const database = databasePerFile(
  `create table orders (id bigint generated always as identity primary key, total text not null)`,
  `insert into orders (total) select i || '.5' from generate_series(1, 2000) i`,
);
const { client } = database;

const ONLINE_MIGRATION = join(import.meta.dirname, '../../../src/online-migration/cli/online-migration.ts');

let project: PlainProject;
beforeEach(async () => {
  project = await openPlainProject();
});
afterEach(async () => {
  await project[Symbol.asyncDispose]();
});

const run = (...options: string[]) => project.run(database.url, ...options);

const phases = async () =>
  (await client.rows(`select phase from online_migration.phase order by applied_at`)).map(
    ({ phase }) => phase,
  );

describe('npx online-migration up and down', () => {
  it('run twice at once: the second waits for the first, and runs only the rest', async () => {
    const [one, other] = await Promise.all([run('up', '--to', 'enforced'), run('up', '--to', 'enforced')]);
    expect(one).toMatchObject({ exitCode: 0, stderr: '' });
    expect(other).toMatchObject({ exitCode: 0, stderr: '' });
    expect((one.stdout + other.stdout).match(/^\w+ up$/gm)).toEqual([
      'expand up',
      'backfill up',
      'enforce up',
    ]);
    expect(await phases()).toEqual(['expand', 'backfill', 'enforce']);
    expect(await run('down', '--to', 'initial')).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await client.value(`select to_regnamespace('online_migration')`)).toBeNull();
  });

  it('finish a backfill whose process was killed before it wrote the ledger', async () => {
    await run('up', '--to', 'backfilled');
    await client.rows(`delete from online_migration.phase where phase = 'backfill'`);
    expect(await run('up', '--to', 'enforced')).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await phases()).toEqual(['expand', 'backfill', 'enforce']);
  });

  it('leave a column alone that has the interim name and is not of the change', async () => {
    await client.rows(`alter table orders add column total_new numeric(12,2)`);
    expect(await run('up', '--to', 'renamed')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining(
        'public.orders has a column total_new already, which is not from this change: declare another `to.name`.',
      ),
    });
    expect(await run('up', '--to', 'expanded')).toMatchObject({ exitCode: 1 });
    expect(await run('down', '--to', 'initial')).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('public.orders.total is at initial already.'),
    });
    expect(await client.value(`select count(total_new) from orders`)).toBe('0');
  });
});

describe('a declaration with the name of a missing column and of one that is not from the change', () => {
  it('is refused by each command', async () => {
    await client.rows(`alter table orders rename column total to sum; alter table orders add total_new text`);
    for (const command of [['status'], ['preflight'], ['up'], ['down', '--to', 'initial']]) {
      const { exitCode, stderr } = await run(...command);
      expect(stderr).toMatch(
        /The table public\.orders has no column total, and its column total_new is not from this change.*\nError code: COLUMN_MISSING/,
      );
      expect(stderr).not.toContain('kept values');
      expect(exitCode).toBe(1);
    }
  });

  it('refuse an interim name that was edited during the change, and leave it as it is', async () => {
    await run('up', '--to', 'enforced');
    const config = join(project.folder, 'online-migration.config.ts');
    const declared = await readFile(config, 'utf8');
    await writeFile(config, declared.replace(`'total_new'`, `'total_c'`));
    for (const options of [['up'], ['down', '--to', 'initial'], ['preflight']]) {
      // oxlint-disable-next-line no-await-in-loop -- they share the table
      const { exitCode, stdout, stderr } = await run(...options);
      expect(stdout + stderr).toContain(
        'The change public.orders.total is under way with the `to.name` total_new, and the declaration says total_c: set it back',
      );
      expect(exitCode).toBe(1);
    }
    await client.rows(`insert into orders (total) values ('7.5')`);
    await writeFile(config, declared);
    expect(await run('down', '--to', 'initial')).toMatchObject({ exitCode: 0, stderr: '' });
  });
});

const CHANGES = `const changes = [{ table: { schema: 'public', name: 'orders' }, key: 'id', columns: [{
  from: { name: 'total', type: 'text' }, to: { name: 'total_new', type: 'text' },
  conversion: { forward: (value) => value, backward: (value) => value } }] }];`;

describe('a configuration that cannot be used', () => {
  it('is a folder', async () => {
    const { exitCode, stderr } = await run('--config', '.', 'status');
    expect(stderr).toMatch(/ is a folder: name a file with --config\.\nError code: CONFIG_INVALID/);
    expect(exitCode).toBe(1);
  });

  it.each([
    [
      'throws',
      `throw new Error('no vault')`,
      /online-migration\.config\.ts cannot be loaded: no vault\nError code: CONFIG_INVALID/,
    ],
    [
      'exports nothing',
      `export {}`,
      /must export `\{ changes, connection \}` as its default\.\nError code: CONFIG_INVALID/,
    ],
    [
      'has a connection that throws',
      CHANGES + `export default { changes, connection: () => { throw new Error('no vault') } }`,
      /`connection` of the configuration is a function that failed: no vault\. .*\nError code: CONFIG_INVALID/,
    ],
    [
      'has a pool for a connection',
      CHANGES + `export default { changes, connection: { connect() {} } }`,
      /`connection` of the configuration is neither a URL nor an object of settings\. .*\nError code: CONFIG_INVALID/,
    ],
  ])('%s', async (_, source, message) => {
    await writeFile(join(project.folder, 'online-migration.config.ts'), source);
    const { exitCode, stderr } = await run('up');
    expect(stderr).toMatch(message);
    expect(exitCode).toBe(1);
  });

  it('has an empty connection', async () => {
    const { exitCode, stderr } = await project.run('', 'up');
    expect(stderr).toMatch(
      /`connection` of the configuration is empty: is DATABASE_URL set\?.*\nError code: CONFIG_INVALID/,
    );
    expect(exitCode).toBe(1);
  });
});

it('wrong usage is JSON as well', async () => {
  const { exitCode, stderr } = await run('--json', 'down');
  expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'WRONG_USAGE' } });
  expect(exitCode).toBe(1);
});

it('a command that waits for a silent server ends with Ctrl-C', async () => {
  const accepted = Promise.withResolvers<void>();
  await using server = createServer((socket) => {
    socket.resume().on('error', () => undefined);
    accepted.resolve();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const child = spawn(process.execPath, [ONLINE_MIGRATION, 'up'], {
    cwd: project.folder,
    env: { PATH: process.env['PATH'], DATABASE_URL: `postgresql://u:p@127.0.0.1:${port}/x` },
    stdio: 'ignore',
  });
  await accepted.promise;
  child.kill('SIGINT');
  expect(await once(child, 'close')).toEqual([130, null]);
});

it('a result that cannot be written is a failure', async () => {
  await using full = await open('/dev/full', 'w');
  const child = spawn(process.execPath, [ONLINE_MIGRATION, '--json', 'status'], {
    cwd: project.folder,
    env: { PATH: process.env['PATH'], DATABASE_URL: database.url },
    stdio: ['ignore', full.fd, 'ignore'],
  });
  const [exitCode] = (await once(child, 'close')) as [number];
  expect(exitCode).not.toBe(0);
});
