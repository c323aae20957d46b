import { OnlineMigrationError } from '../online-migration-error.ts';

/** Ctrl-C was pressed; the work stopped at a point from which it goes on. */
export class InterruptedError extends OnlineMigrationError {
  override readonly name = 'InterruptedError';
}

/**
 * Turns the first Ctrl-C (or SIGTERM) into a signal, so that the transaction in progress can end; the second one ends
 * the process at once, which the database survives too.
 * @param method what runs, for the advice how to go on
 */
export function interruptSignal(method: 'up' | 'down'): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController();
  const stop = () => {
    controller.abort(
      new InterruptedError(
        `Stopped between two transactions; nothing is lost. \`npx mikro-orm migration:${method}\` goes on from here.`,
      ),
    );
    forget();
  };
  const forget = () => {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  return { signal: controller.signal, [Symbol.dispose]: forget };
}
