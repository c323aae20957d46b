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
import { startServer, stopServer } from './server-start-stop.ts';

/** The root of this project. */
export const PROJECT_FOLDER = join(import.meta.dirname, '../..');

/** The data folder of this project, from wherever the command is run. */
export const PROJECT_DATA_FOLDER = join(PROJECT_FOLDER, '.data/postgres');

/** An embedded server that runs. */
export interface EmbeddedPostgres {
  /** With the password: not for printing. */
  readonly url: string;
}

/**
 * Starts the embedded PostgreSQL 18, or finds the one that an earlier command started:
 *
 * 1. find the user who may run it, and a place that this user can reach;
 * 2. clear what dead commands left there;
 * 3. make the cluster, if there is none;
 * 4. start its server, if it does not run, and wait until it accepts connections.
 *
 * The server outlives the process. Any number of processes may do this at once and all get the same server.
 *
 * @throws Error in a sentence, with the end of the server's log where the server cannot start
 */
export async function startEmbeddedPostgres(dataFolder = PROJECT_DATA_FOLDER): Promise<EmbeddedPostgres> {
  const user = await serverUser(dataFolder);
  const clusterFolder = await findOrMakePlace(dataFolder, user);
  await mkdir(dirname(clusterFolder), { recursive: true }); // Where a link leads, somebody may have cleaned up.
  await sweep(clusterFolder, user);
  const tools: ClusterTools = { user, binaries: await reachableBinaries(user, dirname(clusterFolder)) };
  await ensureCluster(clusterFolder, tools);
  const connection = await readConnection(clusterFolder);
  const { port } = await startServer(clusterFolder, () => freePort(connection.preferredPort), tools);
  return { url: connectionUrl(connection, port) };
}

/**
 * Stops the embedded PostgreSQL; its data stays.
 *
 * @returns false where it was not running
 * @throws Error if it belongs to another user, or does not stop in a minute
 */
export async function stopEmbeddedPostgres(dataFolder = PROJECT_DATA_FOLDER): Promise<boolean> {
  await serverUser(dataFolder); // Refuses a cluster of somebody else's.
  const clusterFolder = await findPlace(dataFolder);
  return clusterFolder !== undefined && (await stopServer(clusterFolder, 'fast'));
}

/**
 * Stops the embedded PostgreSQL and deletes its data.
 *
 * @returns false if there was no data
 * @throws Error if it belongs to another user, or does not stop in a minute
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
  // Moved away first: nobody shall start on a cluster that is half deleted.
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
