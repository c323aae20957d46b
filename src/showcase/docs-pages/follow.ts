import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { PageStep } from './page.ts';

const CHANGE_FOLDER = /^cd (\S+)$/;

/** What somebody who follows a page has. */
export interface Reader {
  /** Where the page begins; `cd` leads elsewhere. */
  readonly folder: string;
  /** What is added to this process's environment, by the folder of the command. */
  readonly environment: (folder: string) => Readonly<Record<string, string | undefined>>;
  /** What is run in place of a command; null for nothing. */
  readonly instead: (command: string) => string | null;
  /** Resolves when what runs until the end is ready to be used. */
  readonly ready: () => Promise<void>;
  /** Receives each command before it is run. */
  readonly log: (command: string) => void;
}

/**
 * Does what a page says, in its order.
 *
 * @returns what each block of commands has printed; undefined for one that was left out, or that runs until the end
 * @throws Error with the command and its output, where an exit code is another one than the page says
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
  throw new Error(
    `\`${replaced}\` ended with ${exitCode}, and the page says otherwise. It printed:\n${text}`,
  );
}

function start(command: string, folder: string, { environment }: Reader): ChildProcess {
  return spawn('bash', ['-c', command], {
    cwd: folder,
    env: { ...process.env, ...environment(folder) },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A shell and what it started end together.
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
