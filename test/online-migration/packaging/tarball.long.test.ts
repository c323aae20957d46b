import { execFile } from 'node:child_process';
import { cp, mkdtempDisposable, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect } from '../../support/database-client.ts';
import { createTestDatabase, type TestDatabase } from '../../support/test-server.ts';

const ROOT = join(import.meta.dirname, '../../..');
const PROJECTS = join(import.meta.dirname, 'projects');

/** An installation from the registry and a whole change in two versions of Node.js. */
const LIMIT_MS = 600_000;

const NODE_MAJORS = ['22', '24'] as const;
const TOO_OLD = '20';
const STAGES_UP = ['expanded', 'backfilled', 'enforced', 'contracted', 'renamed'];
const STAGES_DOWN = ['contracted', 'enforced', 'backfilled', 'expanded', 'initial'];
/** The active column at each of these stages. */
const COLUMNS = [
  'total',
  'total',
  'total_new',
  'total_new',
  'total',
  'total_new',
  'total_new',
  'total',
  'total',
  'total',
];
const ROWS = `select id, total from orders order by id`;

const run = promisify(execFile);
const resources = new AsyncDisposableStack();
let tarball: string;
/** The executables by major version. */
const nodes = new Map<string, string>();

beforeAll(async () => {
  await run('npm', ['run', 'pack'], { cwd: ROOT });
  const [name] = (await readdir(join(ROOT, 'dist'))).filter((file) => file.endsWith('.tgz'));
  tarball = join(ROOT, 'dist', name!);
  for (const major of [TOO_OLD, ...NODE_MAJORS]) {
    const folder = resources.use(await mkdtempDisposable(join(tmpdir(), `node-${major}-`))).path;
    await install(folder, [`node@${major}`]);
    nodes.set(major, join(folder, 'node_modules/node/bin/node'));
  }
}, LIMIT_MS);
afterAll(() => resources.disposeAsync());

/** Installs packages into a folder as a user would. */
async function install(folder: string, packages: readonly string[]): Promise<void> {
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', ...packages], {
    cwd: folder,
    env: { ...process.env, NODE_OPTIONS: '' },
  });
}

/** A project that has the tarball and these packages installed. */
async function openProject(name: string, packages: readonly string[]) {
  const folder = await mkdtempDisposable(join(tmpdir(), 'tarball-'));
  await cp(join(PROJECTS, name), folder.path, { recursive: true });
  await install(folder.path, [tarball, ...packages]);
  return folder;
}

/** A database with the table that the projects change. */
async function createOrders(): Promise<TestDatabase> {
  const database = await createTestDatabase();
  await using client = await connect(database.url);
  await client.rows(`
    create table orders (id bigint generated always as identity primary key, total text not null);
    insert into orders (total) select n || '.50' from generate_series(1, 500) as n`);
  return database;
}

async function runNode(major: string, folder: string, url: string, ...args: string[]): Promise<string> {
  const { stdout } = await run(nodes.get(major)!, args, {
    cwd: folder,
    env: { ...process.env, NODE_OPTIONS: '', NODE_NO_WARNINGS: '1', DATABASE_URL: url },
  });
  return stdout;
}

const ONLINE_MIGRATION = 'node_modules/online-migration/cli/online-migration.js';
const MIKRO_ORM = 'node_modules/@mikro-orm/cli/cli.js';

describe('the tarball in a project of plain JavaScript that has `pg` alone', () => {
  it.each([
    ['ES modules', 'plain-esm', 'change.js', { isReady: true, columns: COLUMNS }],
    ['CommonJS', 'plain-cjs', 'change.cjs', { isRefusal: true }],
  ])(
    'carries a change out and back: %s',
    async (_name, project, file, printed) => {
      await using folder = await openProject(project, ['pg@8.23.0']);
      for (const major of NODE_MAJORS) {
        await using database = await createOrders();
        await using client = await connect(database.url);
        const before = await client.rows(ROWS);
        const output = await runNode(major, folder.path, database.url, file);
        expect(JSON.parse(output)).toEqual({ ...printed, stages: [...STAGES_UP, ...STAGES_DOWN] });
        expect(await client.rows(ROWS)).toEqual(before);
      }
    },
    LIMIT_MS,
  );
});

describe('the tarball in a project whose TypeScript Node.js runs by type stripping', () => {
  it(
    'carries a change out and back by its command line',
    async () => {
      await using folder = await openProject('type-stripping', ['pg@8.21.0']);
      for (const major of NODE_MAJORS) {
        await using database = await createOrders();
        await using client = await connect(database.url);
        const before = await client.rows(ROWS);
        const command = (...args: string[]) =>
          runNode(major, folder.path, database.url, ONLINE_MIGRATION, ...args);
        expect(JSON.parse(await command('preflight', '--json'))).toMatchObject({ isReady: true });
        await command('up', 'orders.total', '--to', 'enforced');
        await command('up', 'orders.total');
        expect(JSON.parse(await command('status', '--json'))).toMatchObject({ stage: 'renamed' });
        await command('down', 'orders.total', '--to', 'initial');
        expect(await client.rows(ROWS)).toEqual(before);
      }
    },
    LIMIT_MS,
  );
});

describe('the tarball on a version of Node.js that is too old', () => {
  const sentence = 'online-migration needs Node.js 22.18 or newer, and this process runs Node.js 20.';

  it(
    'refuses each command in a sentence',
    async () => {
      await using folder = await openProject('type-stripping', ['pg@8.21.0']);
      await expect(runNode(TOO_OLD, folder.path, '', ONLINE_MIGRATION, 'status')).rejects.toMatchObject({
        code: 1,
        stderr: expect.stringMatching(
          /^online-migration needs Node\.js 22\.18 .*\nError code: NODE_TOO_OLD\n$/,
        ),
      });
    },
    LIMIT_MS,
  );

  it.each(['online-migration', 'online-migration/conversions'])(
    'refuses to be imported as %s',
    async (entry) => {
      await using folder = await openProject('plain-esm', ['pg@8.23.0']);
      const script = `await import('${entry}').catch(({ code, message }) => console.log(code, message))`;
      const printed = await runNode(TOO_OLD, folder.path, '', '--input-type=module', '--eval', script);
      expect(printed).toContain(`NODE_TOO_OLD ${sentence}`);
    },
    LIMIT_MS,
  );
});

describe('the tarball beside a version of `pg` that it was not tested with', () => {
  it(
    'says so in a sentence',
    async () => {
      await using folder = await openProject('type-stripping', ['pg@8.16.0', '--legacy-peer-deps']);
      await using database = await createOrders();
      await expect(
        runNode('24', folder.path, database.url, ONLINE_MIGRATION, 'preflight'),
      ).rejects.toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/^pg 8\.16\.0 is installed, .*\nError code: PEER_VERSION\n$/),
      });
    },
    LIMIT_MS,
  );
});

describe('the tarball in a MikroORM project that tsc builds with NodeNext', () => {
  it(
    'carries a change out and back by `mikro-orm`',
    async () => {
      const packages = ['core', 'cli', 'migrations', 'postgresql'].map((name) => `@mikro-orm/${name}@7.2.1`);
      const types = ['typescript@7.0.2', '@types/node@24', '@types/pg@8.23.0'];
      await using folder = await openProject('mikro-orm', ['pg@8.23.0', ...packages, ...types]);
      const compiler = 'node_modules/typescript/bin/tsc';
      await runNode('24', folder.path, '', compiler);
      // The declarations of MikroORM and `pg` have errors of their own.
      const strict = await runNode('24', folder.path, '', compiler, '--skipLibCheck', 'false').catch(
        ({ stdout }: { stdout: string }) => stdout,
      );
      expect(strict.split('\n').filter((line) => line.includes('online-migration'))).toEqual([]);
      for (const major of NODE_MAJORS) {
        await using database = await createOrders();
        await using client = await connect(database.url);
        const before = await client.rows(ROWS);
        const mikroOrm = (...args: string[]) =>
          runNode(
            major,
            folder.path,
            database.url,
            MIKRO_ORM,
            ...args,
            '--config',
            'dist/mikro-orm.config.js',
          );
        await mikroOrm('migration:up');
        expect(await client.rows(`select total from orders where id = 1`)).toEqual([{ total: '1.50' }]);
        await mikroOrm('migration:down', '--to', '0');
        expect(await client.rows(ROWS)).toEqual(before);
      }
    },
    LIMIT_MS,
  );
});
