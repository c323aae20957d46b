import { randomBytes } from 'node:crypto';
import { appendFile, chown, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { freePort } from './free-port.ts';
import { type OperatingSystemUser, runAs } from './operating-system-user.ts';
import { CLUSTER, createOwnedFolder, removeFolder } from './owned-folder.ts';
import type { PostgresBinaries } from './postgres-binaries.ts';

/** How to connect to a cluster's server. It lies in the cluster, so that the two come and go as one. */
export type Connection = z.infer<typeof connectionSchema>;

const connectionSchema = z.object({
  user: z.string(),
  password: z.string(),
  /** The port to try first. The one really in use stands in postmaster.pid, and nowhere else. */
  preferredPort: z.number(),
});

const CONNECTION_FILE = 'connection.json';
/** How systems say that a folder cannot be renamed to a place that is not empty. */
const PLACE_TAKEN = ['ENOTEMPTY', 'EEXIST', 'ENOTDIR', 'EPERM'];
const SUPERUSER = 'postgres';
const PASSWORD_BYTES = 24;
/** The major version from which on PostgreSQL has locales that are the same on every platform. */
const BUILTIN_LOCALES_SINCE = 17;

/** What every cluster of this project has in its postgresql.conf. */
const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  timezone: 'UTC',
  log_timezone: 'UTC',
};

/** What it takes to make a cluster and to run its server. */
export interface ClusterTools {
  readonly binaries: PostgresBinaries;
  /** Who runs them, where it is another user than this process's. */
  readonly user: OperatingSystemUser | undefined;
}

/**
 * Makes sure that there is a cluster, however many processes ask for it at the same moment:
 *
 * 1. each makes a whole cluster, with a password of its own, in a folder of its own beside the place;
 * 2. each renames it to the place, which works for one of them alone, since the place is not empty after that;
 * 3. the others delete theirs and use the winner's.
 *
 * So a cluster at its place is always complete, and no lock is held that a crash could leave behind.
 *
 * @throws Error if the place holds something else, or initdb fails
 */
export async function ensureCluster(clusterFolder: string, tools: ClusterTools): Promise<void> {
  if (await findConnection(clusterFolder)) return;
  const workFolder = await createOwnedFolder(dirname(clusterFolder), basename(clusterFolder), tools.user);
  try {
    const cluster = await createCluster(workFolder, tools, {}, 'safe on disk');
    await rename(cluster, clusterFolder);
  } catch (error) {
    if (await findConnection(clusterFolder)) return;
    if (!PLACE_TAKEN.includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    throw new Error(
      `${clusterFolder} holds something else than a cluster of this project. ` +
        'Move it away, or run npm run db:reset to delete it.',
      { cause: error },
    );
  } finally {
    await removeFolder(workFolder);
  }
}

/**
 * Makes a cluster: UTF-8, the same order of strings on every platform, passwords asked for by scram-sha-256.
 *
 * @param workFolder an empty folder that belongs to the tools' user
 * @param settings for postgresql.conf, by name
 * @param durability whether to wait until the cluster would survive a crash of the machine, about half the time
 * @returns the cluster's folder, inside the work folder
 * @throws Error with initdb's own words where it fails
 */
export async function createCluster(
  workFolder: string,
  { binaries, user }: ClusterTools,
  settings: Readonly<Record<string, string>>,
  durability: 'safe on disk' | 'throwaway',
): Promise<string> {
  const cluster = join(workFolder, CLUSTER);
  const password = randomBytes(PASSWORD_BYTES).toString('hex');
  const passwordFile = await writePrivateFile(join(workFolder, 'password'), password, user);
  await runAs(user, binaries.initdb, [
    `--pgdata=${cluster}`,
    `--username=${SUPERUSER}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    ...(binaries.major >= BUILTIN_LOCALES_SINCE
      ? ['--locale-provider=builtin', '--builtin-locale=C.UTF-8']
      : []),
    ...(durability === 'throwaway' ? ['--no-sync'] : []),
  ]);
  await rm(passwordFile);
  await appendFile(join(cluster, 'postgresql.conf'), settingsFile({ ...SETTINGS, ...settings }), {
    flush: true,
  });
  const connection: Connection = { user: SUPERUSER, password, preferredPort: await freePort() };
  await writePrivateFile(join(cluster, CONNECTION_FILE), JSON.stringify(connection), user);
  return cluster;
}

/** As lines of postgresql.conf: only from PostgreSQL 16 on could initdb write them. */
function settingsFile(settings: Readonly<Record<string, string>>): string {
  const lines = Object.entries(settings).map(
    ([name, value]) => `${name} = '${value.replaceAll(/['\\]/g, '$&$&')}'\n`,
  );
  return lines.join('');
}

/**
 * Reads how to connect to the cluster.
 *
 * @throws Error if the folder holds no cluster of this project
 */
export async function readConnection(clusterFolder: string): Promise<Connection> {
  const connection = await findConnection(clusterFolder);
  if (!connection) {
    throw new Error(`There is no ${CONNECTION_FILE} in ${clusterFolder}: not a cluster of this project.`);
  }
  return connection;
}

async function findConnection(clusterFolder: string): Promise<Connection | undefined> {
  const file = join(clusterFolder, CONNECTION_FILE);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const connection = parseConnection(text);
  if (!connection) {
    throw new Error(`${file} cannot be understood. Run npm run db:reset to start with an empty database.`);
  }
  return connection;
}

/** Without the parser's error, which may quote the password. */
function parseConnection(text: string): Connection | undefined {
  try {
    return connectionSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

async function writePrivateFile(
  file: string,
  text: string,
  user: OperatingSystemUser | undefined,
): Promise<string> {
  await writeFile(file, text, { mode: 0o600, flag: 'wx', flush: true });
  if (user) await chown(file, user.uid, user.gid);
  return file;
}
