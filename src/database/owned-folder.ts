import { randomBytes } from 'node:crypto';
import { chown, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { OperatingSystemUser } from './operating-system-user.ts';

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

/** Deletes a folder, also one in which a dying process still writes. */
export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
}
