import { randomBytes } from 'node:crypto';
import { chown, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { OperatingSystemUser } from './operating-system-user.ts';

/** Name of the cluster's folder inside an owned folder. */
export const CLUSTER = 'cluster';

/**
 * Creates `<prefix>.<process id>.<random>`, accessible to the user only. The name identifies the owning process: if it
 * is dead, the folder can be deleted.
 *
 * @param user the owner, if it is not this process's user
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

/** Deletes a folder, even if a dying process still writes to it. */
export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
}
