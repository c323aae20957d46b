import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';

/** A helper of the TypeScript loader ends by itself when it sees that its parent is gone. */
const LAST_BREATH_MS = 5_000;
const POLL_MS = 20;
const PROJECT_FOLDER = join(import.meta.dirname, '../..');

/** What `npx online-migration` runs. */
const ONLINE_MIGRATION = 'src/online-migration/cli/online-migration.ts';

/** One of the commands that `npm run` starts, in a process group and with a temporary folder of its own. */
export interface RunningCommand extends AsyncDisposable {
  /** Where it writes; closing it is what `| head -1` does. */
  readonly stdout: Readable;
  /** Resolves when its standard output, or its standard error, has matched. */
  printed(pattern: RegExp): Promise<void>;
  /** Resolves when the process has ended. */
  readonly ended: Promise<{ exitCode: number | null; stdout: string; stderr: string }>;
  /** Sends a signal to the process alone, or to its whole group, as a terminal does on Ctrl-C. */
  kill(signal: NodeJS.Signals, whom: 'process' | 'group'): void;
  /** The process id of its throwaway PostgreSQL, which belongs to no group of the command's. */
  serverPid(): Promise<number>;
  /** What is still in its temporary folder, and `processes` where some of its group still run. */
  leftovers(): Promise<string[]>;
}

/**
 * @param name of the npm script, whose command is `node` and a file, or `online-migration`
 * @param options.env added to this process's environment
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
      const [folder] = await readdir(temporaryFolder);
      const file = join(temporaryFolder, folder!, 'cluster/postmaster.pid');
      return Number.parseInt(await readFile(file, 'utf8'), 10);
    },
    async leftovers() {
      const deadline = Date.now() + LAST_BREATH_MS;
      while ((await isGroupAlive(pid)) && Date.now() < deadline) await delay(POLL_MS);
      return [...(await readdir(temporaryFolder)), ...((await isGroupAlive(pid)) ? ['processes'] : [])];
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      await ended;
      await rm(temporaryFolder, { recursive: true });
    },
  };
}

/** The file that an npm script runs, and the arguments that it gives. */
async function readScript(name: string): Promise<string[]> {
  const { scripts } = JSON.parse(await readFile(join(PROJECT_FOLDER, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const [program, ...words] = scripts[name]!.split(' ');
  const file = program === 'node' ? words.shift()! : ONLINE_MIGRATION;
  return [join(PROJECT_FOLDER, file), ...words];
}

/** Whether a process of the group runs; one that has ended and waits for its parent (a zombie) does not. */
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
