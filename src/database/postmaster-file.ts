import { randomBytes } from 'node:crypto';
import { link, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isServerOf } from './server-process.ts';

/** The state of a running server, from the postmaster.pid that PostgreSQL keeps in the cluster. */
export interface ServerState {
  readonly pid: number;
  /** The port in use; undefined until the server has written it. */
  readonly port: number | undefined;
  /** Whether it accepts connections. False while it starts, recovers or stops. */
  readonly ready: boolean;
}

// Line numbers from 0; see src/include/utils/pidfile.h of PostgreSQL.
const PID_LINE = 0;
const PORT_LINE = 3;
const STATUS_LINE = 7;

/** A server fills its new file at once. A file that stays empty for this long is left from a crash. */
const EMPTY_FILE_GRACE_MS = 5_000;
const PUT_BACK_TRIES = 100;
const PUT_BACK_PAUSE_MS = 50;

/** The running server of this cluster, if there is one. A file left from a crash does not count. */
export async function findServer(clusterFolder: string): Promise<ServerState | undefined> {
  const text = await readPostmasterFile(clusterFolder);
  const state = text && parse(text);
  return state && (await isServerOf(clusterFolder, state.pid)) ? state : undefined;
}

/**
 * Removes the file of a dead server. PostgreSQL removes it only if no process has its id, and otherwise refuses to
 * start. Two servers that start concurrently could delete each other's new file: the rename ensures that only the
 * inspected file is removed.
 */
export async function removeStaleFile(clusterFolder: string): Promise<void> {
  const file = postmasterFile(clusterFolder);
  const stale = await readPostmasterFile(clusterFolder);
  if (stale === undefined || !(await isStale(clusterFolder, stale))) return;

  const taken = `${file}.${randomBytes(4).toString('hex')}`;
  try {
    await rename(file, taken);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return; // Another command was faster.
    throw error;
  }
  const isWhatWasSeen = (await readFile(taken, 'utf8')) === stale;
  if (!isWhatWasSeen) await putBack(taken, file);
  await rm(taken, { force: true });
}

async function isStale(clusterFolder: string, text: string): Promise<boolean> {
  const state = parse(text);
  if (state) return !(await isServerOf(clusterFolder, state.pid));
  const file = await stat(postmasterFile(clusterFolder)).catch(() => undefined);
  return file !== undefined && Date.now() - file.mtimeMs > EMPTY_FILE_GRACE_MS;
}

/** A server without its file shuts down. A server that starts meanwhile fails and removes the file. */
async function putBack(taken: string, file: string): Promise<void> {
  for (let tries = 0; tries < PUT_BACK_TRIES; tries += 1) {
    try {
      await link(taken, file);
      return;
    } catch {
      await delay(PUT_BACK_PAUSE_MS);
    }
  }
}

function parse(text: string): ServerState | undefined {
  const lines = text.split('\n');
  const pid = Number.parseInt(lines[PID_LINE] ?? '', 10);
  if (!Number.isInteger(pid)) return undefined;
  const port = Number.parseInt(lines[PORT_LINE] ?? '', 10);
  return {
    pid,
    port: Number.isInteger(port) ? port : undefined,
    ready: lines[STATUS_LINE]?.trim() === 'ready',
  };
}

async function readPostmasterFile(clusterFolder: string): Promise<string | undefined> {
  try {
    return await readFile(postmasterFile(clusterFolder), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function postmasterFile(clusterFolder: string): string {
  return join(clusterFolder, 'postmaster.pid');
}
