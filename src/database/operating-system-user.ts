import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { promisify } from 'node:util';

const execFileAsync = promisify(execFile);

/** The operating-system user that runs PostgreSQL's programs, if it differs from this process's user. */
export interface OperatingSystemUser {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Selects the user that runs PostgreSQL, which refuses to run as root. It is the user of this process; for root, the
 * owner of the cluster, otherwise `postgres` or `nobody`. It never creates a user.
 *
 * @param clusterFolder the cluster's folder, if it may exist
 * @returns undefined if PostgreSQL runs as this process's user
 * @throws Error if the cluster belongs to another user, or root finds no user to run it
 */
export async function serverUser(clusterFolder?: string): Promise<OperatingSystemUser | undefined> {
  const ownUid = process.getuid?.();
  if (ownUid === undefined) return undefined; // Windows has no user ids, and pg_ctl drops privileges itself.
  const owner = clusterFolder === undefined ? undefined : await stat(clusterFolder).catch(() => undefined);
  if (ownUid !== 0) {
    if (owner && owner.uid !== ownUid) {
      throw new Error(
        `The database in ${clusterFolder} belongs to another user (uid ${owner.uid}). ` +
          'Run the command as that user or as root, or set DATABASE_URL.',
      );
    }
    return undefined;
  }
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  const user = (await findUser('postgres')) ?? (await findUser('nobody'));
  if (!user) {
    throw new Error(
      'PostgreSQL does not run as root, and there is no user postgres or nobody to run it as. ' +
        'Run the command as an ordinary user, or set DATABASE_URL.',
    );
  }
  return user;
}

/** Whether the user can enter the folder, or execute the file. */
export async function canReach(user: OperatingSystemUser, path: string): Promise<boolean> {
  return runAs(user, 'test', ['-x', path]).then(
    () => true,
    () => false,
  );
}

/**
 * Runs a program to its end, as the given user if there is one.
 *
 * @throws Error with the program's standard error if it cannot run or fails
 */
export async function runAs(
  user: OperatingSystemUser | undefined,
  program: string,
  programArguments: string[],
): Promise<string> {
  const { stdout } = await execFileAsync(program, programArguments, {
    cwd: '/', // The user may have no access to the current folder.
    env: environmentWithoutPostgres(),
    ...(user && { uid: user.uid, gid: user.gid }),
  });
  return stdout;
}

async function findUser(name: string): Promise<OperatingSystemUser | undefined> {
  try {
    const [uid, gid] = await Promise.all([
      runAs(undefined, 'id', ['-u', name]),
      runAs(undefined, 'id', ['-g', name]),
    ]);
    return { uid: Number(uid), gid: Number(gid) };
  } catch {
    return undefined;
  }
}

/** PGDATA, PGPORT, PGOPTIONS and similar variables, set for another server, would affect this one. */
function environmentWithoutPostgres(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('PG'));
  return { ...Object.fromEntries(kept), LC_ALL: 'C' };
}
