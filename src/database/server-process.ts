import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const execFileAsync = promisify(execFile);

/** Whether a process of this id runs; one that has ended and waits for its parent (a zombie) does not. */
export async function isAlive(pid: number): Promise<boolean> {
  return process.platform === 'win32' ? hasProcess(pid) : (await commandLine(pid)) !== '';
}

/**
 * Whether the process is the PostgreSQL server of this cluster. After a crash or a reboot its id may belong to
 * any other process, so the command line has to name the cluster's folder.
 */
export async function isServerOf(clusterFolder: string, pid: number): Promise<boolean> {
  if (process.platform === 'win32') return hasProcess(pid); // No cheap way to read a command line there.
  return `${await commandLine(pid)} `.includes(` -D ${clusterFolder} `);
}

function hasProcess(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Linux is read without `ps`, which small container images leave out. */
async function commandLine(pid: number): Promise<string> {
  try {
    if (process.platform === 'linux') {
      return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ').trim();
    }
    const { stdout } = await execFileAsync('ps', ['-ww', '-o', 'command=', '-p', String(pid)]);
    return stdout.includes('<defunct>') ? '' : stdout.trim();
  } catch {
    return '';
  }
}
