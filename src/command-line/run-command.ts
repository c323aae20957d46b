import { constants } from 'node:os';
import { OnlineMigrationError } from 'online-migration';
import { HelpWanted } from './command-options.ts';

/** A signal stopped the command before it finished. */
export class Interruption extends Error {
  override readonly name = 'Interruption';
  /** 128 plus the signal's number, the convention of shells. */
  readonly exitCode: number;

  constructor(message: string, signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP' | 'SIGPIPE') {
    super(message);
    this.exitCode = 128 + constants.signals[signal];
  }
}

/**
 * Runs a command. If `--help` was given, prints the usage. If it fails, prints the error with its code and sets the exit code.
 *
 * Ctrl-C, SIGTERM, a closed terminal and a closed output pipe all abort the signal. The command then releases its
 * resources and throws. A second Ctrl-C has no effect, because `npm run` forwards the first one again.
 *
 * @param work the command; returns the exit code, or nothing for 0
 */
export async function runCommand(work: (signal: AbortSignal) => Promise<number | void>): Promise<void> {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => controller.abort(new Interruption(`Interrupted (${signal}).`, signal)));
  }
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', () =>
      controller.abort(new Interruption('Interrupted: the output pipe is closed.', 'SIGPIPE')),
    );
  }
  try {
    process.exitCode = (await work(controller.signal)) ?? 0;
  } catch (error) {
    if (error instanceof HelpWanted) return console.log(error.message);
    // A failure after the interruption is caused by it.
    const cause: unknown = controller.signal.aborted ? controller.signal.reason : error;
    console.error(cause instanceof Error ? cause.message : cause);
    if (cause instanceof OnlineMigrationError) console.error(`Error code: ${cause.code}`);
    process.exitCode = cause instanceof Interruption ? cause.exitCode : 1;
  }
}
