import { access, chmod, constants, lstat, mkdir, mkdtemp, readlink, rm, symlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { canReach, type OperatingSystemUser } from './operating-system-user.ts';

/** Accessible to every user, and kept after a reboot. */
const REACHABLE_PARENT = '/var/tmp';
const FOLDER_PREFIX = 'embedded-postgres-';

/**
 * Returns the cluster's real folder. Usually it is the given place.
 *
 * If root runs the command and the user that runs PostgreSQL cannot reach the project (for example under /root), the
 * place becomes a symbolic link to a folder that this user can reach. Later commands follow the link.
 *
 * @param place the cluster's folder in the project; its parent folder is created
 * @param user who runs PostgreSQL, if it is not this process's user
 * @throws Error if this process's user cannot write there
 */
export async function findOrMakePlace(place: string, user: OperatingSystemUser | undefined): Promise<string> {
  await mkdir(dirname(place), { recursive: true });
  const known = await findPlace(place);
  await access(dirname(place), constants.W_OK).catch((cause: unknown) => {
    throw new Error(
      `You cannot write to ${dirname(place)}, the data folder of the embedded PostgreSQL. ` +
        'Run the command as the user who created it, or set DATABASE_URL.',
      { cause },
    );
  });
  if (known) return known;
  if (!user || (await canReach(user, dirname(place)))) return place;

  const folder = await mkdtemp(join(REACHABLE_PARENT, FOLDER_PREFIX));
  await chmod(folder, 0o755);
  try {
    await symlink(join(folder, basename(place)), place);
  } catch (error) {
    await rm(folder, { recursive: true });
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return (await findPlace(place)) ?? place;
}

/** The cluster's folder, if one was ever created. A link counts even if its target is missing. */
export async function findPlace(place: string): Promise<string | undefined> {
  const entry = await lstat(place).catch(() => undefined);
  return entry?.isSymbolicLink() ? resolve(dirname(place), await readlink(place)) : entry && place;
}

/** Deletes a link that this project created, and its target. A link that the user created is kept. */
export async function removePlace(place: string): Promise<void> {
  const real = await findPlace(place);
  if (!real?.startsWith(join(REACHABLE_PARENT, FOLDER_PREFIX))) return;
  await rm(place, { force: true });
  await rm(dirname(real), { recursive: true, force: true });
}
