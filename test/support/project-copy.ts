import { execFile } from 'node:child_process';
import { cp, lstat, mkdir, readdir, readFile, readlink, symlink } from 'node:fs/promises';
import { join, matchesGlob } from 'node:path';
import { promisify } from 'node:util';
import { PROJECT_FOLDER } from '../../src/database/project-folder.ts';

const BINARIES = '.bin';

/** Copies the project, as a clone would contain it: all but the names that .gitignore lists. The packages are linked. */
export async function copyProject(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const ignored = (await readFile(join(PROJECT_FOLDER, '.gitignore'), 'utf8'))
    .split('\n')
    .map((pattern) => pattern.replace(/\/$/, ''));
  for (const name of await readdir(PROJECT_FOLDER)) {
    if (name === '.git' || ignored.some((pattern) => matchesGlob(name, pattern))) continue;
    await cp(join(PROJECT_FOLDER, name), join(folder, name), { recursive: true });
  }
}

/** Links the project's packages as `npm install` would. The project's own package is that of the copy. */
export async function linkPackages(folder: string): Promise<void> {
  const source = join(PROJECT_FOLDER, 'node_modules');
  const target = join(folder, 'node_modules');
  await mkdir(target);
  for (const name of await readdir(source)) {
    if (name === BINARIES) continue;
    const entry = join(source, name);
    // A package of the project is a link to its folder; in the copy, the link leads into the copy.
    const isOwn = (await lstat(entry)).isSymbolicLink();
    await symlink(isOwn ? await readlink(entry) : entry, join(target, name));
  }
  // Commands are relative links, so that of the project's own package leads into the copy, too.
  await mkdir(join(target, BINARIES));
  for (const name of await readdir(join(source, BINARIES))) {
    await symlink(await readlink(join(source, BINARIES, name)), join(target, BINARIES, name));
  }
}

/** Stops the embedded PostgreSQL of a copy, if there is one. It would outlive its data folder. */
export async function resetDatabaseOf(folder: string): Promise<void> {
  const env = { ...process.env, DATABASE_URL: undefined };
  await promisify(execFile)(process.execPath, ['src/command-line/db-reset.ts'], { cwd: folder, env });
}
