import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { OperatingSystemUser } from './operating-system-user.ts';
import { CLUSTER, removeFolder } from './owned-folder.ts';
import { isAlive } from './server-process.ts';
import { stopServer } from './server-start-stop.ts';

/**
 * Deletes the folders of dead processes, and stops the servers that still run in them.
 *
 * @param user the owner of the folders, if it is not this process's user; folders of other users are kept
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
