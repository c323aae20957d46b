import { OnlineMigrationError } from '../online-migration-error.ts';

/** `npx` hands a Ctrl-C on that the process has had already; only a later one is meant as a second. */
const SAME_PRESS_MS = 1_000;

/** Ctrl-C was pressed; the work stopped at a point from which it goes on. */
export class InterruptedError extends OnlineMigrationError {
  override readonly name = 'InterruptedError';
}

/**
 * Turns the first Ctrl-C (or SIGTERM) into a signal, so that the transaction in progress can end; a second one ends the
 * process at once, which the database survives too.
 */
export function interruptSignal(): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController();
  let pressedAt = 0;
  const stop = (name: NodeJS.Signals) => {
    if (!controller.signal.aborted) {
      pressedAt = performance.now();
      controller.abort(
        new InterruptedError(
          'Stopped between two transactions; nothing is lost. The same command goes on from here.',
        ),
      );
    } else if (performance.now() - pressedAt > SAME_PRESS_MS) {
      forget();
      process.kill(process.pid, name);
    }
  };
  const forget = () => {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  return { signal: controller.signal, [Symbol.dispose]: forget };
}
