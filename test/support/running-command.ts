import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';

/** A helper of the TypeScript loader ends by itself after its parent. */
const LAST_BREATH_MS = 5_000;
const POLL_MS = 20;
/** The TypeScript loader keeps compiled files there, for the next command. */
const LOADER_CACHE = 'tsx-';
const PROJECT_FOLDER = join(import.meta.dirname, '../..');

/** The script of `npx online-migration`. */
const ONLINE_MIGRATION = 'src/online-migration/cli/online-migration.ts';

/** A command of `npm run`, in a process group with its own temporary folder. */
export interface RunningCommand extends AsyncDisposable {
  /** Its standard output; closing it simulates `| head -1`. */
  readonly stdout: Readable;
  /** Resolves when its standard output or standard error matches. */
  printed(pattern: RegExp): Promise<void>;
  /** Resolves when the process has ended. */
  readonly ended: Promise<{ exitCode: number | null; stdout: string; stderr: string }>;
  /** Sends a signal to the process, or to its whole group, as a terminal does on Ctrl-C. */
  kill(signal: NodeJS.Signals, whom: 'process' | 'group'): void;
  /** The process id of its throwaway PostgreSQL, which is not in the command's group. */
  serverPid(): Promise<number>;
  /** The files left in its temporary folder, and `processes` if some of its group are still running. */
  leftovers(): Promise<string[]>;
}

/**
 * @param name of an npm script whose command is `node` and a file, or `online-migration`
 * @param options.env environment variables in addition to this process's own
 */
export async function startCommand(
  name: string,
  programArguments: readonly string[],
  options: { env?: Readonly<Record<string, string>> } = {},
): Promise<RunningCommand> {
  const script = await readScript(name);
  const temporaryFolder = await mkdtemp(join(tmpdir(), 'command-test-'));
  await chmod(temporaryFolder, 0o755); // PostgreSQL may run as another user.
  const child = spawn(process.execPath, [...script, ...programArguments], {
    env: { ...process.env, TMPDIR: temporaryFolder, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  }) satisfies ChildProcessByStdio<null, Readable, Readable>;
  await once(child, 'spawn');
  const pid = child.pid!;
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = once(child, 'close').then(([exitCode]) => ({
    exitCode: exitCode as number | null,
    stdout,
    stderr,
  }));
  return {
    stdout: child.stdout,
    ended,
    printed: (pattern) =>
      new Promise((resolve, reject) => {
        const outputs = [child.stdout, child.stderr];
        const look = () => {
          if (!pattern.test(stdout) && !pattern.test(stderr)) return;
          for (const output of outputs) output.off('data', look);
          resolve();
        };
        for (const output of outputs) output.on('data', look);
        child.once('close', () =>
          reject(new Error(`Ended without printing ${pattern}:\n${stdout}${stderr}`)),
        );
        look();
      }),
    kill: (signal, whom) => void process.kill(whom === 'group' ? -pid : pid, signal),
    async serverPid() {
      const folder = (await readdir(temporaryFolder)).find((file) => file.startsWith('throwaway-postgres'));
      const pidFile = join(temporaryFolder, folder!, 'cluster/postmaster.pid');
      return Number.parseInt(await readFile(pidFile, 'utf8'), 10);
    },
    async leftovers() {
      const deadline = Date.now() + LAST_BREATH_MS;
      while ((await isGroupAlive(pid)) && Date.now() < deadline) await delay(POLL_MS);
      const files = (await readdir(temporaryFolder)).filter((file) => !file.startsWith(LOADER_CACHE));
      return [...files, ...((await isGroupAlive(pid)) ? ['processes'] : [])];
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      await ended;
      await rm(temporaryFolder, { recursive: true });
    },
  };
}

/** The file and the arguments of an npm script. */
async function readScript(name: string): Promise<string[]> {
  const { scripts } = JSON.parse(await readFile(join(PROJECT_FOLDER, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const [program, ...words] = scripts[name]!.split(' ');
  const file = program === 'node' ? words.shift()! : ONLINE_MIGRATION;
  return [join(PROJECT_FOLDER, file), ...words];
}

/** Whether a process of the group is running. Zombies do not count. */
async function isGroupAlive(group: number): Promise<boolean> {
  if (process.platform !== 'linux') return isSignallable(-group);
  const stats = await Promise.all(
    (await readdir('/proc'))
      .filter((entry) => /^\d+$/.test(entry))
      .map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')),
  );
  return stats.some((stat) => {
    // After the name in parentheses: state, parent, group.
    const [state, , processGroup] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(processGroup) === group && state !== 'Z';
  });
}

function isSignallable(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
