import { execFile } from 'node:child_process';
import { mkdir, mkdtempDisposable, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, type DatabaseClient } from '../support/database-client.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-server.ts';

const ROOT = join(import.meta.dirname, '../..');

/** Several runs of MikroORM's command on a busy machine. */
const LIMIT_MS = 180_000;

/** A block of shell commands, or a block of TypeScript that is a file: its first line is a comment with the path. */
const BLOCK = /^```(sh|ts)\n((?:\/\/ (\S+\.ts)\n)?.*?)^```$/gms;
/** The command of the page that writes files. */
const NEW = /^npx online-migration (new .*)$/m;

/** The strictest options that a project may have. */
const COMPILER_OPTIONS = {
  target: 'es2024',
  lib: ['es2024', 'esnext.disposable', 'esnext.iterator'],
  module: 'nodenext',
  moduleDetection: 'force',
  types: ['node'],
  strict: true,
  noUncheckedIndexedAccess: true,
  noImplicitOverride: true,
  noUnusedLocals: true,
  exactOptionalPropertyTypes: true,
  verbatimModuleSyntax: true,
  erasableSyntaxOnly: true,
  allowImportingTsExtensions: true,
  skipLibCheck: true,
  noEmit: true,
};

/** The project has an entity, or MikroORM would not start. */
const ENTITY = `import { defineEntity, p } from '@mikro-orm/core';

export const customers = defineEntity({ name: 'Customer', properties: { id: p.integer().primary() } });
`;

/** Sends a request to the page's application, and runs its SQL. */
const REQUEST = `import type { AddressInfo } from 'node:net';
import { app } from './src/app.ts';
import { orm } from './src/orm.ts';
import { sumOfOrders } from './src/orders/sum.ts';

const server = app.listen(0, '127.0.0.1');
await new Promise((resolve) => server.once('listening', resolve));
const response = await fetch('http://127.0.0.1:' + (server.address() as AddressInfo).port);
const orders = (await response.json()) as { total: string }[];
console.log(orders.map(({ total }) => total).join(' ') + ', sum ' + (await sumOfOrders()));
server.close();
server.closeAllConnections();
await orm[Symbol.asyncDispose]();
`;

const resources = new AsyncDisposableStack();
let folder: string;
let page: string;
let database: TestDatabase;
let client: DatabaseClient;
/** The files that the page shows and that `new` writes: the text of the page, and the written one. */
const written: { readonly path: string; readonly shown: string; readonly text: string }[] = [];

beforeAll(async () => {
  folder = resources.use(await mkdtempDisposable(join(tmpdir(), 'existing-project-'))).path;
  page = await readFile(join(ROOT, 'docs/existing-project.md'), 'utf8');
  await write('package.json', JSON.stringify({ type: 'module', dependencies: { '@mikro-orm/cli': '*' } }));
  await write(
    'tsconfig.json',
    JSON.stringify({ compilerOptions: COMPILER_OPTIONS, include: ['src', 'migrations', '*.ts'] }),
  );
  await write('src/customers/customer.entity.ts', ENTITY);
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  database = resources.use(await createTestDatabase());
  client = resources.use(await connect(database.url));
  await client.rows(`
    create table orders (id bigint generated always as identity primary key, total text not null);
    insert into orders (total) values ('1.50'), ('007.5'), ('-3')`);
  await followPage();
}, LIMIT_MS);
afterAll(() => resources.disposeAsync());

/** Goes through the page in its order: writes its files, and runs its `new`. */
async function followPage(): Promise<void> {
  let generated: readonly string[] = [];
  for (const [, language, text = '', path] of page.matchAll(BLOCK)) {
    if (language === 'sh') {
      const [, command] = NEW.exec(text) ?? [];
      if (command === undefined) continue;
      const output = await onlineMigration(...command.replaceAll("'", '').split(' '));
      generated = Array.from(output.matchAll(/^ {2}(\S+\.ts)$/gm), ([, file]) => file!);
    } else if (path !== undefined && generated.includes(path)) {
      written.push({ path, shown: text, text: await readFile(join(folder, path), 'utf8') });
    } else if (path !== undefined) {
      await write(path, text);
    }
  }
}

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), text);
}

/** Code without comments and format. */
function codeOf(text: string): string {
  return text
    .replaceAll(/\/\*.*?\*\/|^\/\/[^\n]*$/gms, '')
    .replaceAll('"', "'")
    .replaceAll(/\s+/g, '')
    .replaceAll(/,(?=[}\])])/g, '');
}

function onlineMigration(...args: string[]): Promise<string> {
  return run('node_modules/online-migration/cli/online-migration.ts', ...args);
}

function mikroOrm(...args: string[]): Promise<string> {
  return run('node_modules/@mikro-orm/cli/cli.js', ...args);
}

/**
 * Runs a program in the project.
 * @returns its standard output
 * @throws Error with everything that it printed, if its exit code is not 0
 */
async function run(file: string, ...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [file, ...args], {
    cwd: folder,
    env: { ...process.env, NODE_OPTIONS: '', NODE_NO_WARNINGS: '1', DATABASE_URL: database.url },
  }).catch((error: Error & { stdout: string; stderr: string }) => {
    throw new Error(`${file} ${args.join(' ')} failed:\n${error.stdout}${error.stderr}`);
  });
  return stdout;
}

describe('docs/existing-project.md', () => {
  it('installs the version of MikroORM that the package supports', async () => {
    const manifest = JSON.parse(await readFile(join(ROOT, 'src/online-migration/package.json'), 'utf8')) as {
      peerDependencies: Record<string, string>;
    };
    const version = manifest.peerDependencies['@mikro-orm/core']!;
    for (const name of ['core', 'postgresql', 'migrations', 'cli'])
      expect(page).toMatch(new RegExp(`^npm install .*@mikro-orm/${name}@${version}(?= |$)`, 'm'));
    expect(page).toContain(`- MikroORM ${version}, exactly`);
  });

  it('shows the files that `new` writes', () => {
    expect(written.map(({ path }) => path)).toEqual([
      'src/orders/total-change.ts',
      'migrations/0001_expand_orders_total.ts',
    ]);
    for (const { shown, text } of written) expect(codeOf(text)).toBe(codeOf(shown));
  });

  it(
    'has files that compile against the package',
    async () => {
      expect(await run('node_modules/typescript/bin/tsc')).toBe('');
    },
    LIMIT_MS,
  );

  it(
    'has files that carry the change out and back',
    async () => {
      const rows = `select total from orders order by id`;
      const before = await client.rows(rows);

      const preflight = await onlineMigration('preflight', 'orders.total', '--json');
      expect(JSON.parse(preflight)).toMatchObject({ isReady: true });
      expect(await run('src/orders/totals.ts')).toBe('1.50 007.5 -3\n');
      await write('request.ts', REQUEST);
      expect(await run('request.ts')).toBe('1.50 007.5 -3, sum 6.00\n');
      await mikroOrm('migration:up', '--to', '0003');
      expect(JSON.parse(await onlineMigration('status', '--json'))).toMatchObject({ stage: 'enforced' });
      expect(await run('src/orders/totals.ts')).toBe('1.50 7.50 -3.00\n');
      expect(await run('request.ts')).toBe('1.50 7.50 -3.00, sum 6.00\n');
      await mikroOrm('migration:up');
      expect(JSON.parse(await onlineMigration('status', '--json'))).toMatchObject({ stage: 'renamed' });
      expect(await run('src/orders/totals.ts')).toBe('1.50 7.50 -3.00\n');
      await mikroOrm('migration:down', '--to', '0');
      expect(await client.rows(rows)).toEqual(before);
    },
    LIMIT_MS,
  );
});
