import { execFile } from 'node:child_process';
import { mkdir, mkdtempDisposable, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect } from '../support/database-client.ts';
import { createTestDatabase } from '../support/test-server.ts';

const ROOT = join(import.meta.dirname, '../..');

/** Several runs of MikroORM's command on a busy machine. */
const LIMIT_MS = 180_000;

/** A block of TypeScript that is a file: its first line is a comment with the path. */
const FILE = /^```ts\n(\/\/ (\S+\.ts)\n.*?)^```$/gms;

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

const resources = new AsyncDisposableStack();
let folder: string;

beforeAll(async () => {
  folder = resources.use(await mkdtempDisposable(join(tmpdir(), 'existing-project-'))).path;
  const page = await readFile(join(ROOT, 'docs/existing-project.md'), 'utf8');
  const files = {
    'package.json': JSON.stringify({ type: 'module', dependencies: { '@mikro-orm/cli': '*' } }),
    'tsconfig.json': JSON.stringify({
      compilerOptions: COMPILER_OPTIONS,
      include: ['src', 'migrations', '*.ts'],
    }),
    'src/customers/customer.entity.ts': ENTITY,
    ...Object.fromEntries(Array.from(page.matchAll(FILE), ([, text, path]) => [path!, text!])),
  };
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
});
afterAll(() => resources.disposeAsync());

/**
 * Runs a program in the project.
 * @returns its standard output
 * @throws Error with everything that it printed, if its exit code is not 0
 */
async function run(env: Readonly<Record<string, string>>, file: string, ...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [file, ...args], {
    cwd: folder,
    env: { ...process.env, NODE_OPTIONS: '', NODE_NO_WARNINGS: '1', ...env },
  }).catch((error: Error & { stdout: string; stderr: string }) => {
    throw new Error(`${file} ${args.join(' ')} failed:\n${error.stdout}${error.stderr}`);
  });
  return stdout;
}

describe('the files of docs/existing-project.md', () => {
  it(
    'compile against the package',
    async () => {
      expect(await run({}, 'node_modules/typescript/bin/tsc')).toBe('');
    },
    LIMIT_MS,
  );

  it(
    'carry the change out and back',
    async () => {
      await using database = await createTestDatabase();
      await using client = await connect(database.url);
      await client.rows(`
        create table orders (id bigint generated always as identity primary key, total text not null);
        insert into orders (total) values ('1.50'), ('007.5'), ('-3')`);
      const rows = `select total from orders order by id`;
      const before = await client.rows(rows);
      const env = { DATABASE_URL: database.url };
      const mikroOrm = (...args: string[]) => run(env, 'node_modules/@mikro-orm/cli/cli.js', ...args);
      const onlineMigration = (...args: string[]) =>
        run(env, 'node_modules/online-migration/cli/online-migration.ts', ...args);

      const preflight = await onlineMigration('preflight', 'orders.total', '--json');
      expect(JSON.parse(preflight)).toMatchObject({ isReady: true });
      await mikroOrm('migration:up', '--to', '0003');
      expect(JSON.parse(await onlineMigration('status', '--json'))).toMatchObject({ stage: 'enforced' });
      expect(await run(env, 'src/orders/totals.ts')).toBe('1.50 7.50 -3.00\n');
      await mikroOrm('migration:up');
      expect(JSON.parse(await onlineMigration('status', '--json'))).toMatchObject({ stage: 'renamed' });
      await mikroOrm('migration:down', '--to', '0');
      expect(await client.rows(rows)).toEqual(before);
    },
    LIMIT_MS,
  );
});
