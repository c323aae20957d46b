import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const execFileAsync = promisify(execFile);

/** Whether a process with this id is running. A zombie, which has ended but still has its id, is not. */
export async function isAlive(pid: number): Promise<boolean> {
  return process.platform === 'win32' ? hasProcess(pid) : (await commandLine(pid)) !== '';
}

/**
 * Whether the process is the PostgreSQL server of this cluster. After a crash or reboot, another process may have its
 * id. Therefore the command line must contain the cluster's folder.
 */
export async function isServerOf(clusterFolder: string, pid: number): Promise<boolean> {
  if (process.platform === 'win32') return hasProcess(pid); // Windows has no cheap way to read a command line.
  return `${await commandLine(pid)} `.includes(` -D ${clusterFolder} `);
}

function hasProcess(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Without `ps` on Linux: small container images lack it. */
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
