import { chown, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort, portOnceFree } from '../../src/database/free-port.ts';
import { runAs, serverUser } from '../../src/database/operating-system-user.ts';
import { CLUSTER, createOwnedFolder, removeFolder } from '../../src/database/owned-folder.ts';
import { reachableBinaries } from '../../src/database/postgres-binaries.ts';
import { startServer, stopServer } from '../../src/database/server-start-stop.ts';
import type { ThrowawayPostgres } from '../../src/database/throwaway-postgres.ts';
import { connect, type DatabaseClient } from './database-client.ts';
import { testedInstallation } from './own-server.ts';

/** SQLSTATE of a statement that conflicted with the replay. */
const CONFLICT_CODE = '40001';

/** The first major version with the current names of the backup functions. */
const BACKUP_RENAMED_SINCE = 15;

/** Files of the primary's server process. */
const FILES_OF_SERVER = ['postmaster.pid', 'postmaster.opts', 'server.log'];
/** Folders that are empty in a new replica; it streams the WAL. */
const EMPTIED_FOLDERS = ['pg_wal', 'pg_replslot'];

/** A hot standby of a primary, which answers reads. */
export interface StreamingReplica extends AsyncDisposable {
  readonly url: string;
  /** Waits until everything that the primary has committed is visible. */
  catchUp(): Promise<void>;
  /** Pauses the replay. */
  pause(): Promise<void>;
  /** Resumes the replay. */
  resume(): Promise<void>;
  /** Promotes it; resolves when it accepts writes. */
  promote(): Promise<void>;
  /** Stops the server, as in a crash. */
  stop(): Promise<void>;
  /** Starts it again on the same port. */
  start(): Promise<void>;
}

/**
 * Creates a replica of a throwaway server by a low-level base backup, and starts it.
 *
 * @param settings for postgresql.conf, by name
 * @see https://www.postgresql.org/docs/current/continuous-archiving.html#BACKUP-LOWLEVEL-BASE-BACKUP
 */
export async function startStreamingReplica(
  primary: ThrowawayPostgres,
  settings: Readonly<Record<string, string>> = {},
): Promise<StreamingReplica> {
  const user = await serverUser();
  await using resources = new AsyncDisposableStack();
  const folder = await createOwnedFolder(join(primary.dataFolder, '../..'), 'throwaway-postgres', user);
  resources.defer(() => removeFolder(folder));
  const dataFolder = join(folder, CLUSTER);
  const binaries = await reachableBinaries(user, folder, testedInstallation().installation);
  const tools = { user, binaries };

  const onPrimary = resources.use(await connect(primary.url()));
  const copy = () => runAs(user, 'cp', ['-a', primary.dataFolder, dataFolder]);
  const label = await backUp(onPrimary, binaries.major, copy);
  for (const name of FILES_OF_SERVER) await rm(join(dataFolder, name), { force: true });
  for (const name of EMPTIED_FOLDERS) await empty(join(dataFolder, name));
  const { hostname, port, username, password } = new URL(primary.url());
  const configuration = Object.entries({
    ...settings,
    primary_conninfo: `host=${hostname} port=${port} user=${username} password=${password}`,
  });
  const files = {
    backup_label: label,
    'standby.signal': '',
    'postgresql.auto.conf': configuration.map(([name, value]) => `${name} = '${value}'\n`).join(''),
  };
  for (const [name, text] of Object.entries(files)) {
    const file = join(dataFolder, name);
    await writeFile(file, text);
    if (user) await chown(file, user.uid, user.gid);
  }

  const ownPort = await freePort();
  const start = async () => {
    await startServer(dataFolder, () => portOnceFree(ownPort), tools);
  };
  const stop = async () => {
    await stopServer(dataFolder, 'immediate');
  };
  // A new connection for each query: the replay of a phase may cancel an existing one.
  const ask = async <Answer>(question: (client: DatabaseClient) => Promise<Answer>) => {
    await using client = await connect(url);
    return await question(client);
  };
  const url = primary.url().replace(`:${port}/`, `:${ownPort}/`);
  await start();
  resources.defer(stop);
  const owned = resources.move();
  return {
    url,
    async catchUp() {
      const position = await onPrimary.value<string>(`select pg_current_wal_lsn()`);
      while (!(await ask((client) => hasReplayed(client, position))));
    },
    async pause() {
      await ask(async (client) => {
        await client.rows(`select pg_wal_replay_pause()`);
        while ((await client.value(`select pg_get_wal_replay_pause_state()`)) !== 'paused');
      });
    },
    async resume() {
      await ask((client) => client.rows(`select pg_wal_replay_resume()`)).catch(
        (error: Error & { code?: string }) => {
          // The resumed replay may cancel it.
          if (error.code !== CONFLICT_CODE) throw error;
        },
      );
    },
    async promote() {
      await ask((client) => client.rows(`select pg_promote()`));
    },
    start,
    stop,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** @returns the backup's label file */
async function backUp(primary: DatabaseClient, major: number, copy: () => Promise<unknown>): Promise<string> {
  const isRenamed = major >= BACKUP_RENAMED_SINCE;
  await primary.rows(
    isRenamed ? `select pg_backup_start('replica', true)` : `select pg_start_backup('replica', true, false)`,
  );
  await copy();
  return primary.value(`select labelfile from ${isRenamed ? 'pg_backup_stop' : 'pg_stop_backup'}(false)`);
}

async function empty(folder: string): Promise<void> {
  for (const name of await readdir(folder)) await rm(join(folder, name), { recursive: true });
}

async function hasReplayed(client: DatabaseClient, position: string): Promise<boolean> {
  return client.value<boolean>(`select pg_last_wal_replay_lsn() >= $1`, [position]);
}
