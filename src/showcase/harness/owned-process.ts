import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { CONFIG_VARIABLES } from '../../config.ts';
import { PROJECT_FOLDER } from '../../database/project-folder.ts';

/** How long a process may take to end after a signal. */
const END_GRACE_MS = 3_000;
/** Lines of output to keep. This is enough for any error, and limits memory. */
const KEPT_LINES = 200;

/** An empty variable counts as not set, even if `.env` sets it. */
const DEFAULT_CONFIG = Object.fromEntries(CONFIG_VARIABLES.map((name) => [name, '']));

/** Receives a process's output and messages. */
export interface ProcessListeners {
  /** Receives each line of either output. */
  readonly onLine?: (line: string) => void;
  /** Receives each message of `process.send`. Without this listener, the process has no message channel. */
  readonly onMessage?: (message: unknown) => void;
}

/**
 * A Node process of this project. Disposing of it ends it. Its configuration has the defaults, except for the given
 * variables.
 */
export class OwnedProcess implements AsyncDisposable {
  /**
   * Resolves with the exit code when the process, its output and its messages have ended; null if a signal ended it.
   */
  readonly ended: Promise<number | null>;
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];

  /**
   * @param script the file to run
   * @param programArguments the script's arguments
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
    child.on('error', (error) => this.#keep(error.message)); // It also occurs when the signal kills the process.
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

  /** Its process id; -1, which no process has, if it could not be started. */
  get pid(): number {
    return this.#child.pid ?? -1;
  }

  /** The newest lines of its output. */
  get output(): string {
    return this.#lines.join('\n');
  }

  /** Asks the process to end, kills it if necessary, and waits for its end. */
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
