import { execFile } from 'node:child_process';
import { mkdtempDisposable, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { copyProject, linkPackages } from '../../support/project-copy.ts';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { createTestDatabase, type TestDatabase } from '../../support/test-server.ts';

/** The script that `npx online-migration` runs. */
export const ONLINE_MIGRATION = 'src/online-migration/cli/online-migration.ts';

/** How a program ended. */
export interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A copy of the project, and a database with tables that a change is to be written for. */
export interface ProjectCopy extends AsyncDisposable {
  readonly folder: string;
  readonly database: TestDatabase;
  readonly client: DatabaseClient;
  /** The number of the last migration that the project has; `0` if it has none. `migration:down --to` accepts it. */
  readonly lastNumber: string;
  /** The number of a new migration: 1 gives that of the first one, such as `0007`. */
  newNumber(place: number): string;
  /** Runs a program in the copy. */
  run(file: string, ...args: string[]): Promise<Ended>;
  /** Runs a program in the copy, on another database. */
  runOn(url: string, file: string, ...args: string[]): Promise<Ended>;
  /** Runs `npx online-migration new` in the copy. */
  changeNew(...args: string[]): Promise<Ended>;
  /** The same on a URL of the database for another role. */
  changeNewAs(url: string, ...args: string[]): Promise<Ended>;
}

/** @param statements make the tables */
export async function openProjectCopy(statements: readonly string[]): Promise<ProjectCopy> {
  const resources = new AsyncDisposableStack();
  const parent = resources.use(await mkdtempDisposable(join(tmpdir(), 'change-new-')));
  const folder = join(parent.path, 'project');
  await copyProject(folder);
  await linkPackages(folder);
  const last = await lastNumberIn(folder);
  const database = resources.use(await createTestDatabase());
  const client = resources.use(await connect(database.url));
  for (const statement of statements) await client.rows(statement);
  const env = {
    ...process.env,
    TEST_DATABASE_URL: process.env['TEST_SERVER_URL'],
    NODE_OPTIONS: '--experimental-vm-modules --disable-warning=ExperimentalWarning',
  };
  const runOn = (url: string, file: string, ...args: string[]) =>
    promisify(execFile)(process.execPath, [file, ...args], {
      cwd: folder,
      env: { ...env, DATABASE_URL: url },
      maxBuffer: 2 ** 24,
    }).then(
      ({ stdout, stderr }) => ({ exitCode: 0, stdout, stderr }),
      (error: Error & { code: number; stdout: string; stderr: string }) => ({
        exitCode: error.code,
        stdout: error.stdout,
        stderr: error.stderr,
      }),
    );
  return {
    folder,
    database,
    client,
    lastNumber: last === 0 ? '0' : numbered(last),
    newNumber: (place) => numbered(last + place),
    runOn,
    run: (file, ...args) => runOn(database.url, file, ...args),
    changeNew: (...args) => runOn(database.url, ONLINE_MIGRATION, 'new', ...args),
    changeNewAs: (url, ...args) => runOn(url, ONLINE_MIGRATION, 'new', ...args),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** The greatest number of the project's migrations. A project without the example begins at 0. */
async function lastNumberIn(folder: string): Promise<number> {
  const files = await readdir(join(folder, 'migrations')).catch(() => []);
  return Math.max(0, ...files.map((file) => Number.parseInt(file, 10) || 0));
}

/** As a migration's name begins: `0007`. */
function numbered(number: number): string {
  return String(number).padStart(4, '0');
}
