import { constants } from 'node:os';
import { OnlineMigrationError } from 'online-migration';

/** The command was told to end before its work was done. */
export class Interruption extends Error {
  override readonly name = 'Interruption';
  /** 128 and the signal's number, as shells have it. */
  readonly exitCode: number;

  constructor(message: string, signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP' | 'SIGPIPE') {
    super(message);
    this.exitCode = 128 + constants.signals[signal];
  }
}

/**
 * Runs a command: prints its error as a sentence, with its code if it has one, and sets the exit code.
 *
 * Ctrl-C, SIGTERM, a terminal that closes and a reader of the output that goes away all abort the signal; the command then
 * releases what it holds and throws. A second Ctrl-C changes nothing, because `npm run` hands the first one on once more.
 *
 * @param work the command; it returns the exit code, or nothing for 0
 */
export async function runCommand(work: (signal: AbortSignal) => Promise<number | void>): Promise<void> {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => controller.abort(new Interruption(`Interrupted (${signal}).`, signal)));
  }
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', () =>
      controller.abort(new Interruption('Interrupted: nobody reads the output any more.', 'SIGPIPE')),
    );
  }
  try {
    process.exitCode = (await work(controller.signal)) ?? 0;
  } catch (error) {
    // What fails after the interruption fails because of it.
    const cause: unknown = controller.signal.aborted ? controller.signal.reason : error;
    console.error(cause instanceof Error ? cause.message : cause);
    if (cause instanceof OnlineMigrationError) console.error(`Error code: ${cause.code}`);
    process.exitCode = cause instanceof Interruption ? cause.exitCode : 1;
  }
}
