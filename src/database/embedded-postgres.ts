import { existsSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type ClusterTools, ensureCluster, readConnection } from './cluster-files.ts';
import { findOrMakePlace, findPlace, removePlace } from './cluster-place.ts';
import { connectionUrl } from './connection-url.ts';
import { type OperatingSystemUser, serverUser } from './operating-system-user.ts';
import { sweepOwnedFolders } from './leftover-folders.ts';
import { CLUSTER, createOwnedFolder, removeFolder } from './owned-folder.ts';
import { freePort } from './free-port.ts';
import { reachableBinaries } from './postgres-binaries.ts';
import { PROJECT_DATA_FOLDER } from './project-folder.ts';
import { startServer, stopServer } from './server-start-stop.ts';

/** A running embedded server. */
export interface EmbeddedPostgres {
  /** Contains the password: do not print it. */
  readonly url: string;
}

/**
 * Starts the embedded PostgreSQL 18, or finds the one that an earlier command started:
 *
 * 1. Find the user that may run it, and a folder that this user can reach.
 * 2. Delete leftovers of dead commands.
 * 3. Create the cluster if it is missing.
 * 4. Start its server if it is not running, and wait until it accepts connections.
 *
 * The server outlives the process. Concurrent callers all get the same server.
 *
 * @throws Error in a sentence, with the end of the server's log if the server cannot start
 */
export async function startEmbeddedPostgres(dataFolder = PROJECT_DATA_FOLDER): Promise<EmbeddedPostgres> {
  const user = await serverUser(dataFolder);
  const clusterFolder = await findOrMakePlace(dataFolder, user);
  await mkdir(dirname(clusterFolder), { recursive: true }); // If the place is a link, its target may have been deleted.
  await sweep(clusterFolder, user);
  const tools: ClusterTools = { user, binaries: await reachableBinaries(user, dirname(clusterFolder)) };
  await ensureCluster(clusterFolder, tools);
  const connection = await readConnection(clusterFolder);
  const { port } = await startServer(clusterFolder, () => freePort(connection.preferredPort), tools);
  return { url: connectionUrl(connection, port) };
}

/**
 * Stops the embedded PostgreSQL; its data is kept.
 *
 * @returns false if it was not running
 * @throws Error if it belongs to another user, or does not stop within a minute
 */
export async function stopEmbeddedPostgres(dataFolder = PROJECT_DATA_FOLDER): Promise<boolean> {
  await serverUser(dataFolder); // Rejects another user's cluster.
  const clusterFolder = await findPlace(dataFolder);
  return clusterFolder !== undefined && (await stopServer(clusterFolder, 'fast'));
}

/**
 * Stops the embedded PostgreSQL and deletes its data.
 *
 * @returns false if there was no data
 * @throws Error if it belongs to another user, or does not stop within a minute
 */
export async function resetEmbeddedPostgres(dataFolder = PROJECT_DATA_FOLDER): Promise<boolean> {
  const user = await serverUser(dataFolder);
  const clusterFolder = await findPlace(dataFolder);
  if (clusterFolder === undefined || !existsSync(clusterFolder)) {
    await removePlace(dataFolder);
    return false;
  }
  await stopServer(clusterFolder, 'immediate');
  await sweep(clusterFolder, user);
  // Moved away first, so that no process starts on a half-deleted cluster.
  const trash = await createOwnedFolder(dirname(clusterFolder), basename(clusterFolder), user);
  await rename(clusterFolder, join(trash, CLUSTER)).catch(ignoreMissing);
  await removeFolder(trash);
  await removePlace(dataFolder);
  return true;
}

async function sweep(clusterFolder: string, user: OperatingSystemUser | undefined): Promise<void> {
  const parent = dirname(clusterFolder);
  for (const prefix of [basename(clusterFolder), 'binaries']) {
    await sweepOwnedFolders(parent, prefix, user);
  }
}

/** Another reset was faster. */
function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
