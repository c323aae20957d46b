import { randomBytes } from 'node:crypto';
import { link, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isServerOf } from './server-process.ts';

/** What postmaster.pid, which PostgreSQL keeps in the cluster while its server runs, says of the server. */
export interface ServerState {
  readonly pid: number;
  /** The port really in use; undefined until the server has written it. */
  readonly port: number | undefined;
  /** Whether it accepts connections: not while it starts, recovers from a crash, or stops. */
  readonly ready: boolean;
}

// Lines of the file, counted from 0: src/include/utils/pidfile.h of PostgreSQL.
const PID_LINE = 0;
const PORT_LINE = 3;
const STATUS_LINE = 7;

/** A server that has just created its file writes into it at once; one still empty after that is a crash's. */
const EMPTY_FILE_GRACE_MS = 5_000;
const PUT_BACK_TRIES = 100;
const PUT_BACK_PAUSE_MS = 50;

/** The server that runs on this cluster, if any does. A file that a crashed server left counts as none. */
export async function findServer(clusterFolder: string): Promise<ServerState | undefined> {
  const text = await readPostmasterFile(clusterFolder);
  const state = text && parse(text);
  return state && (await isServerOf(clusterFolder, state.pid)) ? state : undefined;
}

/**
 * Takes away the file of a server that is gone. PostgreSQL does so itself when no process has the id, but it
 * refuses to start while any has, and two servers that start at once may delete each other's new file: the
 * rename makes sure that what goes is the file that was looked at.
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

/** A server without its file shuts itself down; one that starts on the place meanwhile fails and clears it. */
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
