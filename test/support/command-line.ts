import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { inTerminal } from './terminal.ts';

const PROJECT_FOLDER = join(import.meta.dirname, '../..');

/** A process of the project, and its output so far. */
export interface RunningCommand {
  readonly process: ChildProcess;
  /** The output so far: standard output and standard error in the order of arrival. */
  output(): string;
  /** Resolves when the process has ended; null if a signal ended it. */
  readonly exitCode: Promise<number | null>;
  /** Resolves when the output matches. */
  printed(pattern: RegExp): Promise<void>;
}

/**
 * Starts `npx mikro-orm …` as a separate process.
 * @param databaseUrl the database
 * @param args the arguments after `mikro-orm`
 */
export function startMikroOrm(databaseUrl: string, ...args: string[]): RunningCommand {
  return startNode(['node_modules/@mikro-orm/cli/cli.js', ...args], { DATABASE_URL: databaseUrl });
}

/** Starts a script of the project as a separate process. */
export function startNode(args: readonly string[], env: Readonly<Record<string, string>>): RunningCommand {
  return start(process.execPath, args, env);
}

/** Starts a script in a terminal. `process` is the terminal; ending it closes the terminal. */
export function startInTerminal(script: string, env: Readonly<Record<string, string>>): RunningCommand {
  return start('script', inTerminal(`${process.execPath} ${script}`), env);
}

function start(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): RunningCommand {
  const child = spawn(command, args, {
    cwd: PROJECT_FOLDER,
    env: { ...process.env, NO_COLOR: '1', NODE_OPTIONS: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let hasClosed = false;
  const listeners = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      for (const listener of listeners) listener();
    });
  }
  return {
    process: child,
    output: () => output,
    exitCode: once(child, 'close').then(([code]) => {
      hasClosed = true;
      return code as number | null;
    }),
    printed: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (!pattern.test(output)) return;
          listeners.delete(look);
          resolve();
        };
        const giveUp = () => reject(new Error(`The command ended without printing ${pattern}:\n${output}`));
        listeners.add(look);
        child.once('close', giveUp);
        look();
        if (hasClosed) giveUp();
      }),
  };
}

/** Runs `npx mikro-orm …` until it ends. */
export async function runMikroOrm(
  databaseUrl: string,
  ...args: string[]
): Promise<{ exitCode: number | null; output: string }> {
  const command = startMikroOrm(databaseUrl, ...args);
  const exitCode = await command.exitCode;
  return { exitCode, output: command.output() };
}
