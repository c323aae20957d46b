import type { Emit } from '../change/events.ts';
import type { Interrupt } from './cancellation.ts';
import { OnlineMigrationError } from '../change/online-migration-error.ts';

/** `npx` forwards a Ctrl-C that the process has already received. Only a later one counts as the second. */
const SAME_PRESS_MS = 1_000;

/** The command received a request to end; the same command continues from this point. */
export class InterruptedError extends OnlineMigrationError {
  override readonly name = 'InterruptedError';

  /** @param signal the name of the signal: `SIGINT` */
  constructor(signal: NodeJS.Signals) {
    super(
      'INTERRUPTED',
      'Stopped between two transactions; nothing is lost. The same command continues from here.',
      { signal },
    );
  }
}

/** Ctrl-C, an orchestrator's request to stop, and a closed terminal. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Turns the first Ctrl-C, SIGTERM or SIGHUP into an abort signal, so that the transaction in progress can end. A
 * second one ends the process at once, which is safe for the database too.
 * @param emit immediately receives the event that names the statement in progress
 */
export function interruptSignal(emit: Emit): Disposable & Interrupt {
  const controller = new AbortController();
  let pressedAt = 0;
  const stop = (name: NodeJS.Signals) => {
    if (!controller.signal.aborted) {
      pressedAt = performance.now();
      emit({
        type: 'interrupt-received',
        signal: name,
        message:
          `${name}: stops after the transaction that runs; a statement that reads a whole table is cancelled. ` +
          `Another ${name} ends the process at once.`,
      });
      controller.abort(new InterruptedError(name));
    } else if (performance.now() - pressedAt > SAME_PRESS_MS) {
      forget();
      process.kill(process.pid, name);
    }
  };
  const outputs = [process.stdout, process.stderr];
  const forget = () => {
    for (const name of SIGNALS) process.off(name, stop);
    for (const output of outputs) output.off('error', ignore);
  };
  for (const name of SIGNALS) process.on(name, stop);
  // Writing to a closed terminal would end the process before its transaction.
  for (const output of outputs) output.on('error', ignore);
  return { signal: controller.signal, emit, [Symbol.dispose]: forget };
}

function ignore(): void {}
