import { constants } from 'node:os';
import { OnlineMigrationError } from '../change/online-migration-error.ts';

/** The exit code of a refused or failed command. */
const FAILED = 1;

/** A command was asked to end before its work was done. */
class Interruption extends Error {
  override readonly name = 'Interruption';
  /** 128 plus the signal's number, as in shells. */
  readonly exitCode: number;

  constructor(message: string, signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP' | 'SIGPIPE') {
    super(message);
    this.exitCode = 128 + constants.signals[signal];
  }
}

/** Options of the program itself, which all commands share. */
export interface ProgramOptions {
  /** The configuration file. */
  readonly config?: string;
  /** Whether to print JSON, errors included. */
  readonly json?: boolean;
  /** The command as it was called, in which `[change]` is the place of a change's name. */
  readonly command: string;
}

/**
 * Runs a command: prints its error as a sentence, without its stack, and sets the exit code.
 *
 * Ctrl-C, SIGTERM, a closed terminal and a closed output abort the signal. The command then releases its resources
 * and throws. A second Ctrl-C changes nothing, because `npm run` forwards the first one once more.
 *
 * @param work the command; returns the exit code, or nothing for 0
 */
export async function runCommand(
  { json = false }: Pick<ProgramOptions, 'json'>,
  work: (signal: AbortSignal) => Promise<number | void>,
): Promise<void> {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => controller.abort(new Interruption(`Interrupted (${signal}).`, signal)));
  }
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', () =>
      controller.abort(new Interruption('Interrupted: the output cannot be written any more.', 'SIGPIPE')),
    );
  }
  try {
    const exitCode = (await work(controller.signal)) ?? 0;
    for (const stream of [process.stdout, process.stderr]) await written(stream);
    controller.signal.throwIfAborted();
    process.exitCode = exitCode;
  } catch (error) {
    // A failure after the interruption is caused by it.
    const cause: unknown = controller.signal.aborted ? controller.signal.reason : error;
    if (json) console.error(JSON.stringify({ error: errorOf(cause) }));
    else console.error(textOf(cause));
    process.exitCode = cause instanceof Interruption ? cause.exitCode : FAILED;
  }
}

/** Resolves when the output so far was written, or cannot be: a full disk must not look like a success. */
function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write('', () => resolve());
  });
}

function textOf(error: unknown): string {
  if (error instanceof OnlineMigrationError) return `${error.message}\nError code: ${error.code}`;
  return error instanceof Error ? error.message : String(error);
}

function errorOf(error: unknown): object {
  if (!(error instanceof OnlineMigrationError)) return { message: textOf(error) };
  const { code, message, details } = error;
  return { code, message, details };
}
