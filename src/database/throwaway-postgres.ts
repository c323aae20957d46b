import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClusterTools, createCluster, readConnection } from './cluster-files.ts';
import { connectionUrl } from './connection-url.ts';
import { freePort, portOnceFree } from './free-port.ts';
import { canReach, type OperatingSystemUser, serverUser } from './operating-system-user.ts';
import { sweepOwnedFolders } from './leftover-folders.ts';
import { CLUSTER, createOwnedFolder, removeFolder } from './owned-folder.ts';
import { reachableBinaries } from './postgres-binaries.ts';
import { startServer, stopServer } from './server-start-stop.ts';

const FOLDER_PREFIX = 'throwaway-postgres';
/** Used if root's TMPDIR is not accessible to the user that runs PostgreSQL. */
const REACHABLE_TEMPORARY_FOLDER = '/var/tmp';

/** A temporary PostgreSQL server. Disposing of it deletes it. */
export interface ThrowawayPostgres extends AsyncDisposable {
  /** The process id of the server's latest start. */
  readonly pid: number;
  readonly dataFolder: string;
  /** The URL of one of its databases, by default `postgres`. Contains the password: do not print it. */
  url(databaseName?: string): string;
  /** Stops the server if it is running, and starts it again with the same data and port. */
  restart(): Promise<void>;
}

/**
 * Creates a cluster in the temporary folder (set TMPDIR to change it) and starts its server. Disposing of it stops the
 * server and deletes the folder. It is safe to dispose more than once, also concurrently. The next call, in any
 * process, deletes the leftovers of a killed owner.
 *
 * @param options.settings for postgresql.conf, by name
 * @param options.installation the folder of another version of PostgreSQL's package
 * @throws Error if the server cannot start; nothing is left behind
 */
export async function startThrowawayPostgres(
  options: { settings?: Readonly<Record<string, string>>; installation?: string } = {},
): Promise<ThrowawayPostgres> {
  const user = await serverUser();
  const parent = await reachableFolder(user);
  await sweepOwnedFolders(parent, FOLDER_PREFIX, user);

  const folder = await createOwnedFolder(parent, FOLDER_PREFIX, user);
  try {
    const binaries = await reachableBinaries(user, folder, options.installation);
    const tools: ClusterTools = { user, binaries };
    const dataFolder = await createCluster(folder, tools, options.settings ?? {}, 'throwaway');
    return await serve(folder, dataFolder, tools);
  } catch (error) {
    await stopServer(join(folder, CLUSTER), 'immediate');
    await removeFolder(folder);
    throw error;
  }
}

async function serve(folder: string, dataFolder: string, tools: ClusterTools): Promise<ThrowawayPostgres> {
  const connection = await readConnection(dataFolder);
  let server = await startServer(dataFolder, () => freePort(connection.preferredPort), tools);
  let disposal: Promise<void> | undefined;
  return {
    get pid() {
      return server.pid;
    },
    dataFolder,
    url: (databaseName) => connectionUrl(connection, server.port, databaseName),
    restart: async () => {
      await stopServer(dataFolder, 'fast');
      const { port } = server;
      server = await startServer(dataFolder, () => portOnceFree(port), tools);
    },
    [Symbol.asyncDispose]: () =>
      (disposal ??= stopServer(dataFolder, 'immediate').then(() => removeFolder(folder))),
  };
}

/** The folder in which {@link startThrowawayPostgres} creates its clusters. */
export async function throwawayFolder(): Promise<string> {
  return reachableFolder(await serverUser());
}

async function reachableFolder(user: OperatingSystemUser | undefined): Promise<string> {
  const folder = tmpdir();
  return !user || (await canReach(user, folder)) ? folder : REACHABLE_TEMPORARY_FOLDER;
}
