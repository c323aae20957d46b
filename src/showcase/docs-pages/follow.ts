import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { PageStep } from './page.ts';

const CHANGE_FOLDER = /^cd (\S+)$/;

/** The environment of a reader who follows a page. */
export interface Reader {
  /** The initial folder; `cd` changes it. */
  readonly folder: string;
  /** Additional environment variables, by the command's folder. */
  readonly environment: (folder: string) => Readonly<Record<string, string | undefined>>;
  /** A replacement for a command; null to skip it. */
  readonly instead: (command: string) => string | null;
  /** Resolves when a command that runs until the end is ready. */
  readonly ready: () => Promise<void>;
  /** Receives each command before it runs. */
  readonly log: (command: string) => void;
}

/**
 * Runs the commands of a page in order.
 *
 * @returns the output of each block; undefined if it was skipped, or runs until the end
 * @throws Error with the command and its output if its exit code differs from the page
 */
export async function followPage(
  steps: readonly PageStep[],
  reader: Reader,
): Promise<(string | undefined)[]> {
  const outputs: (string | undefined)[] = [];
  let folder = reader.folder;
  await using resources = new AsyncDisposableStack();
  for (const step of steps) {
    if (step.kind === 'file') {
      const file = join(folder, step.path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, step.text);
      continue;
    }
    if (step.how === 'by hand') {
      outputs.push(undefined);
    } else if (step.how === 'until the end') {
      for (const command of step.commands) {
        const child = start(command, folder, reader);
        resources.defer(() => end(child));
      }
      await reader.ready();
      outputs.push(undefined);
    } else {
      let output = '';
      for (const command of step.commands) {
        const target = CHANGE_FOLDER.exec(command)?.[1];
        if (target !== undefined) folder = resolve(folder, target);
        else output += await run(command, folder, reader, step.how === 'in turn, failing');
      }
      outputs.push(output);
    }
  }
  return outputs;
}

async function run(command: string, folder: string, reader: Reader, fails: boolean): Promise<string> {
  const replaced = reader.instead(command);
  if (replaced === null) return '';
  reader.log(replaced);
  const child = start(replaced, folder, reader);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  const [exitCode] = (await once(child, 'close')) as [number | null];
  const text = stripVTControlCharacters(output);
  if ((exitCode === 0) !== fails) return text;
  throw new Error(`\`${replaced}\` ended with ${exitCode}, which differs from the page. Output:\n${text}`);
}

function start(command: string, folder: string, { environment }: Reader): ChildProcess {
  return spawn('bash', ['-c', command], {
    cwd: folder,
    env: { ...process.env, ...environment(folder) },
    stdio: ['ignore', 'pipe', 'pipe'],
    // The shell and its child processes end together.
    detached: true,
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.pid === undefined) return;
  const closed = once(child, 'close');
  child.stdout?.resume();
  child.stderr?.resume();
  process.kill(-child.pid, 'SIGTERM');
  await closed;
}
