import { randomBytes } from 'node:crypto';
import { appendFile, chown, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { freePort } from './free-port.ts';
import { type OperatingSystemUser, runAs } from './operating-system-user.ts';
import { CLUSTER, createOwnedFolder, removeFolder } from './owned-folder.ts';
import type { PostgresBinaries } from './postgres-binaries.ts';

/** How to connect to a cluster's server. It is stored in the cluster, so that both are created and deleted together. */
export interface Connection {
  readonly user: string;
  readonly password: string;
  /** The preferred port. postmaster.pid contains the port in use. */
  readonly preferredPort: number;
}

const CONNECTION_FILE = 'connection.json';
/** Error codes if a folder cannot be renamed to a non-empty folder. */
const PLACE_TAKEN = ['ENOTEMPTY', 'EEXIST', 'ENOTDIR', 'EPERM'];
const SUPERUSER = 'postgres';
const PASSWORD_BYTES = 24;
/** The first major version with locales that are the same on every platform. */
const BUILTIN_LOCALES_SINCE = 17;

/** postgresql.conf settings of every cluster of this project. */
const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  timezone: 'UTC',
  log_timezone: 'UTC',
};

/** Programs and user for creating a cluster and running its server. */
export interface ClusterTools {
  readonly binaries: PostgresBinaries;
  /** The user that runs them, if it differs from this process's user. */
  readonly user: OperatingSystemUser | undefined;
}

/**
 * Creates the cluster if it is missing. Any number of processes may call this concurrently:
 *
 * 1. Each process creates a complete cluster with its own password in its own folder.
 * 2. Each renames its folder to the place. Only the first rename succeeds, because the place is then not empty.
 * 3. The other processes delete their folders and use the first cluster.
 *
 * A cluster at its place is therefore always complete, and a crash leaves no lock behind.
 *
 * @throws Error if the place contains something else, or initdb fails
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
      `${clusterFolder} does not contain a cluster of this project. ` +
        'Move it away, or run npm run db:reset to delete it.',
      { cause: error },
    );
  } finally {
    await removeFolder(workFolder);
  }
}

/**
 * Creates a cluster with UTF-8, the same sort order on every platform, and scram-sha-256 passwords.
 *
 * @param workFolder an empty folder that belongs to the tools' user
 * @param settings for postgresql.conf, by name
 * @param durability whether to wait until the cluster would survive a crash of the machine, which doubles the time
 * @returns the cluster's folder, inside the work folder
 * @throws Error with initdb's output if it fails
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

/** Lines of postgresql.conf. initdb can write them only since PostgreSQL 16. */
function settingsFile(settings: Readonly<Record<string, string>>): string {
  const lines = Object.entries(settings).map(
    ([name, value]) => `${name} = '${value.replaceAll(/['\\]/g, '$&$&')}'\n`,
  );
  return lines.join('');
}

/**
 * Reads how to connect to the cluster.
 *
 * @throws Error if the folder does not contain a cluster of this project
 */
export async function readConnection(clusterFolder: string): Promise<Connection> {
  const connection = await findConnection(clusterFolder);
  if (!connection) {
    throw new Error(`${clusterFolder} is not a cluster of this project: it has no ${CONNECTION_FILE}.`);
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
    throw new Error(`${file} is not valid. Run npm run db:reset to start with an empty database.`);
  }
  return connection;
}

/** Omits the parser's error, which may quote the password. */
function parseConnection(text: string): Connection | undefined {
  try {
    const { user, password, preferredPort } = JSON.parse(text) as Partial<Record<string, unknown>>;
    return typeof user === 'string' && typeof password === 'string' && typeof preferredPort === 'number'
      ? { user, password, preferredPort }
      : undefined;
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
