import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ClusterTools } from './cluster-files.ts';
import { runAs } from './operating-system-user.ts';
import { findServer, removeStaleFile, type ServerState } from './postmaster-file.ts';

/** Longest time of crash recovery or of a shutdown checkpoint on a large database. */
const DEADLINE_MS = 60_000;
const POLL_PAUSE_MS = 50;
const RETRY_PAUSE_MS = 200;
const LOG_FILE = 'server.log';
const LOG_TAIL_BYTES = 65_536;
const LOG_LINES_IN_ERROR = 15;

/**
 * Start failures that can succeed on retry: another command was faster, the port was taken meanwhile, or a process of a
 * crashed server still holds its shared memory.
 */
const PASSING_FAILURES = [
  'lock file "postmaster.pid" already exists',
  'lock file "postmaster.pid" is empty',
  'could not create any TCP/IP sockets',
  'pre-existing shared memory block',
];

/** `fast` ends the sessions and writes a checkpoint; `immediate` leaves recovery to the next start. */
export type StopMode = 'fast' | 'immediate';

const STOP_SIGNALS = { fast: 'SIGINT', immediate: 'SIGQUIT' } as const;

/** A server that accepts connections. */
export type ReadyServer = ServerState & { readonly port: number };

/**
 * Starts the cluster's server, which outlives this process, or finds the running one. Waits until it accepts
 * connections. Concurrent callers are safe.
 *
 * @param choosePort called before each try to start
 * @throws Error with the end of the server's log if it cannot start, or is not ready within a minute
 */
export async function startServer(
  clusterFolder: string,
  choosePort: () => Promise<number>,
  tools: ClusterTools,
): Promise<ReadyServer> {
  const deadline = Date.now() + DEADLINE_MS;
  for (;;) {
    const server = await findServer(clusterFolder);
    if (server?.ready && server.port !== undefined) return { ...server, port: server.port };
    if (Date.now() > deadline) {
      throw await startError(clusterFolder, `did not accept connections within ${DEADLINE_MS / 1000} s`);
    }
    if (server) {
      await delay(POLL_PAUSE_MS);
    } else {
      await removeStaleFile(clusterFolder);
      await tryStart(clusterFolder, await choosePort(), tools);
    }
  }
}

/**
 * Stops the cluster's server and waits until its process has ended.
 *
 * @returns false if it was not running
 * @throws Error if it still runs after a minute
 */
export async function stopServer(clusterFolder: string, mode: StopMode): Promise<boolean> {
  const server = await findServer(clusterFolder);
  if (!server) return false;
  signal(server.pid, STOP_SIGNALS[mode]);
  const deadline = Date.now() + DEADLINE_MS;
  while ((await findServer(clusterFolder))?.pid === server.pid) {
    if (Date.now() > deadline) {
      throw new Error(
        `The PostgreSQL server in ${clusterFolder} (pid ${server.pid}) still runs ${DEADLINE_MS / 1000} s ` +
          `after the stop request. See ${LOG_FILE} in that folder.`,
      );
    }
    await delay(POLL_PAUSE_MS);
  }
  return true;
}

async function tryStart(
  clusterFolder: string,
  port: number,
  { binaries, user }: ClusterTools,
): Promise<void> {
  const logFile = join(clusterFolder, LOG_FILE);
  const oldLog = await stat(logFile).catch(() => undefined);
  try {
    await runAs(user, binaries.pgCtl, [
      'start',
      `--pgdata=${clusterFolder}`,
      `--log=${logFile}`,
      `--options=-p ${port}`,
      '--wait',
      `--timeout=${DEADLINE_MS / 1000}`,
    ]);
  } catch (error) {
    const newLog = await readLog(clusterFolder, oldLog?.size);
    if (await findServer(clusterFolder)) return;
    if (!PASSING_FAILURES.some((failure) => newLog.includes(failure))) {
      throw await startError(clusterFolder, 'could not be started', error);
    }
    await delay(RETRY_PAUSE_MS);
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function startError(clusterFolder: string, event: string, cause?: unknown): Promise<Error> {
  const log = await readLog(clusterFolder);
  const lastLines = log.trimEnd().split('\n').slice(-LOG_LINES_IN_ERROR).join('\n');
  const reason = lastLines || (cause instanceof Error ? cause.message : '(its log is empty)');
  return new Error(
    `The PostgreSQL server in ${clusterFolder} ${event}. The end of its ${LOG_FILE}:\n${reason}`,
    { cause },
  );
}

/** Reads the end of the server's log, at most LOG_TAIL_BYTES, from the position on. */
async function readLog(clusterFolder: string, position = 0): Promise<string> {
  try {
    await using log = await open(join(clusterFolder, LOG_FILE));
    const { size } = await log.stat();
    const start = Math.max(position, size - LOG_TAIL_BYTES);
    const { buffer, bytesRead } = await log.read({ buffer: Buffer.alloc(size - start), position: start });
    return buffer.toString('utf8', 0, bytesRead);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''; // The server has never been started.
    throw error;
  }
}
