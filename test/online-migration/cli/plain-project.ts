import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

const PACKAGE = join(import.meta.dirname, '../../../src/online-migration');
const ONLINE_MIGRATION = join(PACKAGE, 'cli/online-migration.ts');

/** The result of a command. */
export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A project without MikroORM whose change is of `orders.total`. */
export interface PlainProject extends AsyncDisposable {
  readonly folder: string;
  /** Runs `npx online-migration …` with this DATABASE_URL. */
  run(databaseUrl: string, ...options: string[]): Promise<CommandResult>;
}

/** Parts of the declaration that differ from the table's. */
export interface Differences {
  readonly key?: string;
  readonly schema?: string;
  readonly type?: string;
}

/** Writes the configuration of a project into a temporary folder. */
export async function openPlainProject({
  key = 'id',
  schema = 'public',
  type = 'numeric(12,2)',
}: Differences = {}): Promise<PlainProject> {
  const folder = await mkdtempDisposable(join(tmpdir(), 'plain-project-'));
  await writeFile(
    join(folder.path, 'online-migration.config.ts'),
    `
    import { textToNumeric } from '${PACKAGE}/conversions/index.ts';
    export default {
      changes: [{
        table: { schema: '${schema}', name: 'orders' },
        key: '${key}',
        columns: [{
          from: { name: 'total', type: 'text' },
          to: { name: 'total_new', type: '${type}' },
          conversion: textToNumeric(12, 2),
        }],
      }],
      connection: process.env.DATABASE_URL,
    }`,
  );
  return {
    folder: folder.path,
    run: (databaseUrl, ...options) => runCommandIn(folder.path, databaseUrl, ...options),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

/** Runs `npx online-migration …` in a folder with this DATABASE_URL. */
export async function runCommandIn(
  folder: string,
  databaseUrl: string,
  ...options: string[]
): Promise<CommandResult> {
  return runIn(folder, { DATABASE_URL: databaseUrl }, options);
}

/** Runs `npx online-migration …` in a folder, with this environment. */
export async function runIn(
  folder: string,
  environment: Readonly<Record<string, string>>,
  options: readonly string[],
): Promise<CommandResult> {
  const child = spawn(process.execPath, [ONLINE_MIGRATION, ...options], {
    cwd: folder,
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number]>,
  ]);
  return { exitCode, stdout, stderr };
}
