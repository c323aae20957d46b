import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { CONFIG_VARIABLES } from '../../config.ts';
import { PROJECT_FOLDER } from '../../database/embedded-postgres.ts';

/** How long a process may take to end by itself once it is asked to. */
const END_GRACE_MS = 3_000;
/** Lines of output that are kept: enough for any error, and no more, however long the process runs. */
const KEPT_LINES = 200;

/** An empty variable is not set, whatever `.env` says. */
const DEFAULT_CONFIG = Object.fromEntries(CONFIG_VARIABLES.map((name) => [name, '']));

/** Receives what a process writes and sends. */
export interface ProcessListeners {
  /** Receives each line that it writes, to either output. */
  readonly onLine?: (line: string) => void;
  /** Receives each message that it sends by `process.send`; without this listener it has no channel for messages. */
  readonly onMessage?: (message: unknown) => void;
}

/** A Node process of this project that ends with its owner. Its configuration is the default, but for what it is given. */
export class OwnedProcess implements AsyncDisposable {
  /** Resolves with the exit code once the process, its output and its messages have ended; null if a signal ended it. */
  readonly ended: Promise<number | null>;
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];

  /**
   * @param script the file to run
   * @param programArguments what the script gets
   * @param environment its configuration; all other variables are this process's own
   * @param signal kills the process
   */
  constructor(
    script: string,
    programArguments: readonly string[],
    environment: Readonly<Record<string, string>>,
    signal: AbortSignal,
    { onLine, onMessage }: ProcessListeners = {},
  ) {
    const child = spawn(process.execPath, [script, ...programArguments], {
      cwd: PROJECT_FOLDER,
      env: { ...process.env, ...DEFAULT_CONFIG, ...environment },
      stdio: ['ignore', 'pipe', 'pipe', ...(onMessage === undefined ? [] : (['ipc'] as const))],
      signal,
      killSignal: 'SIGKILL',
    });
    child.on('error', (error) => this.#keep(error.message)); // Also where the signal kills it.
    if (onMessage !== undefined) child.on('message', onMessage);
    for (const output of [child.stdout!, child.stderr!]) {
      createInterface(output).on('line', (line) => {
        this.#keep(line);
        onLine?.(line);
      });
    }
    this.#child = child;
    this.ended = new Promise((resolve) => child.once('close', resolve));
  }

  /** Its process id; -1, which no process has, where it could not be started. */
  get pid(): number {
    return this.#child.pid ?? -1;
  }

  /** The newest lines that it has written. */
  get output(): string {
    return this.#lines.join('\n');
  }

  /** Asks the process to end, ends it where it does not, and waits until it has. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), END_GRACE_MS);
    await this.ended;
    clearTimeout(timer);
  }

  #keep(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length > KEPT_LINES) this.#lines.shift();
  }
}
