import { access, chmod, constants, lstat, mkdir, mkdtemp, readlink, rm, symlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { canReach, type OperatingSystemUser } from './operating-system-user.ts';

/** Open to every user, and kept over a reboot. */
const REACHABLE_PARENT = '/var/tmp';
const FOLDER_PREFIX = 'embedded-postgres-';

/**
 * Says where the cluster really lies. That is the place asked for, unless root runs the command and the
 * project is closed to the user who runs PostgreSQL (under /root, say): then the place becomes a symbolic link
 * to a folder which that user can reach, and every later command follows the link.
 *
 * @param place the cluster's folder in the project; its parent folder is made
 * @param user who runs PostgreSQL, where it is another than this process's user
 * @throws Error if the user of this process cannot write there
 */
export async function findOrMakePlace(place: string, user: OperatingSystemUser | undefined): Promise<string> {
  await mkdir(dirname(place), { recursive: true });
  const known = await findPlace(place);
  await access(dirname(place), constants.W_OK).catch((cause: unknown) => {
    throw new Error(
      `You cannot write to ${dirname(place)}, where the embedded PostgreSQL has its data. ` +
        'Run the command as the user who made it, or set DATABASE_URL.',
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

/** Where the cluster lies, if one was ever made; a link counts even when what it leads to is gone. */
export async function findPlace(place: string): Promise<string | undefined> {
  const entry = await lstat(place).catch(() => undefined);
  return entry?.isSymbolicLink() ? resolve(dirname(place), await readlink(place)) : entry && place;
}

/** Forgets a place that was made elsewhere: deletes the link and the folder. A link of the user's own stays. */
export async function removePlace(place: string): Promise<void> {
  const real = await findPlace(place);
  if (!real?.startsWith(join(REACHABLE_PARENT, FOLDER_PREFIX))) return;
  await rm(place, { force: true });
  await rm(dirname(real), { recursive: true, force: true });
}
