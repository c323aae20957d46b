import { randomBytes } from 'node:crypto';
import { chown, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { OperatingSystemUser } from './operating-system-user.ts';
import { isAlive } from './server-process.ts';
import { stopServer } from './server-start-stop.ts';

/** The name of the cluster in such a folder. */
export const CLUSTER = 'cluster';

/**
 * Creates `<prefix>.<process id>.<random>`, open to the user alone. The name tells who works in the folder:
 * once that process is dead, what it left behind can go.
 *
 * @param user who gets the folder, where it is another than this process's
 * @returns the folder's path
 */
export async function createOwnedFolder(
  parent: string,
  prefix: string,
  user: OperatingSystemUser | undefined,
): Promise<string> {
  const folder = join(parent, `${prefix}.${process.pid}.${randomBytes(4).toString('hex')}`);
  await mkdir(folder, { mode: 0o700 });
  if (user) await chown(folder, user.uid, user.gid);
  return folder;
}

/**
 * Deletes the folders that dead processes left behind, and stops the servers that still run in them.
 *
 * @param user whose folders to look at, where it is another than this process's; others' are left alone
 */
export async function sweepOwnedFolders(
  parent: string,
  prefix: string,
  user: OperatingSystemUser | undefined,
): Promise<void> {
  const owners = [user?.uid, process.getuid?.() ?? 0];
  for (const name of await readdir(parent)) {
    const [namePrefix, pid, random, ...rest] = name.split('.');
    if (namePrefix !== prefix || !/^\d+$/.test(pid ?? '') || !random || rest.length > 0) continue;
    const folder = join(parent, name);
    const owner = await stat(folder).catch(() => undefined);
    if (!owners.includes(owner?.uid ?? -1) || (await isAlive(Number(pid)))) continue;
    await stopServer(join(folder, CLUSTER), 'immediate');
    await removeFolder(folder);
  }
}

/** Deletes a folder, also one in which a dying process still writes. */
export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
}
