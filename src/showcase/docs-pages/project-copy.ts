import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PROJECT_FOLDER } from '../../database/embedded-postgres.ts';

/** The package in the repository. */
const WORKSPACE = 'online-migration';

/** What a copy of the project has; the packages are linked. */
const COPIED = [
  'src',
  'test',
  'migrations',
  'docs',
  'package.json',
  'tsconfig.json',
  'jest.config.ts',
  'mikro-orm.config.ts',
  'online-migration.config.ts',
  '.env.example',
  '.oxlintrc.json',
  '.oxfmtrc.json',
];

/** Copies the project, as somebody gets it who clones it. */
export async function copyProject(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const name of COPIED) await cp(join(PROJECT_FOLDER, name), join(folder, name), { recursive: true });
}

/** Links the packages of the project, as `npm install` would put them there; its own package is the copy's. */
export async function linkPackages(folder: string): Promise<void> {
  const installed = join(PROJECT_FOLDER, 'node_modules');
  const target = join(folder, 'node_modules');
  await mkdir(target);
  for (const name of await readdir(installed)) {
    const isOwn = name === WORKSPACE;
    await symlink(isOwn ? join('..', 'src', WORKSPACE) : join(installed, name), join(target, name));
  }
}

/** Ends the embedded PostgreSQL of a copy, if it has one: it would outlive the folder that its data is in. */
export async function resetDatabaseOf(folder: string): Promise<void> {
  const env = { ...process.env, DATABASE_URL: undefined };
  await promisify(execFile)(process.execPath, ['src/database/db-reset.ts'], { cwd: folder, env });
}
