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
/** For root whose TMPDIR is closed to the user who runs PostgreSQL. */
const REACHABLE_TEMPORARY_FOLDER = '/var/tmp';

/** A PostgreSQL server of one's own, which goes when its owner disposes of it. */
export interface ThrowawayPostgres extends AsyncDisposable {
  /** The process id of the server that was started last. */
  readonly pid: number;
  readonly dataFolder: string;
  /** The URL of one of its databases, by default `postgres`. With the password: not for printing. */
  url(databaseName?: string): string;
  /** Stops the server, if it still runs, and starts it again on the same data and port. */
  restart(): Promise<void>;
}

/**
 * Makes a fresh cluster in the temporary folder (TMPDIR moves it) and starts its server. Disposing of it stops
 * the server and deletes the folder; it may be done more than once, also at the same time. What a killed owner
 * left behind is cleared by the next call, in whichever process.
 *
 * @param options.settings for postgresql.conf, by name
 * @param options.installation the folder in which another version of PostgreSQL's package is installed
 * @throws Error if the server cannot start; nothing is left behind then
 */
export async function startThrowawayPostgres(
  options: { settings?: Readonly<Record<string, string>>; installation?: string } = {},
): Promise<ThrowawayPostgres> {
  const user = await serverUser();
  const parent = await temporaryFolder(user);
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

async function temporaryFolder(user: OperatingSystemUser | undefined): Promise<string> {
  const folder = tmpdir();
  return !user || (await canReach(user, folder)) ? folder : REACHABLE_TEMPORARY_FOLDER;
}
