import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** The id of a process that has just ended. */
export async function deadProcessId(): Promise<number> {
  const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
  await once(child, 'close');
  return idOf(child);
}

/** Starts a process other than PostgreSQL, owned by the folder's owner. Disposing of it ends it. */
export async function foreignProcess(
  folder: string,
): Promise<Disposable & { pid: number; child: ChildProcess }> {
  const { uid, gid } = await stat(folder);
  const owner = process.getuid?.() === 0 ? { uid, gid } : {};
  const child = spawn('sleep', ['600'], { cwd: '/', stdio: 'ignore', ...owner });
  await once(child, 'spawn');
  return { pid: idOf(child), child, [Symbol.dispose]: () => void child.kill() };
}

/** The process id in the cluster's postmaster.pid. */
export async function serverProcessId(dataFolder: string): Promise<number> {
  return Number.parseInt(await readFile(join(dataFolder, 'postmaster.pid'), 'utf8'), 10);
}

/** Runs `start-embedded-postgres.ts` in a separate process; returns the URL that it prints. */
export async function startInOwnProcess(dataFolder: string): Promise<string> {
  const script = join(import.meta.dirname, 'start-embedded-postgres.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [script, dataFolder]);
  return stdout.trim();
}

function idOf({ pid }: ChildProcess): number {
  if (pid === undefined) throw new Error('The process could not be started.');
  return pid;
}
