import type { Emit, OnlineMigrationListener } from './events.ts';

/**
 * Passes each event to several listeners, in their order. If a listener throws or its promise is rejected, the
 * phase and the other listeners continue. Its first error becomes a warning of the process.
 */
export function emitTo(...listeners: readonly OnlineMigrationListener[]): Emit {
  const failed = new Set<OnlineMigrationListener>();
  const warn = (listener: OnlineMigrationListener, error: unknown) => {
    if (failed.has(listener)) return;
    failed.add(listener);
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.emitWarning(`A listener of migration events failed; the migration continues. ${reason}`);
  };
  return (event) => {
    for (const listener of listeners) {
      try {
        Promise.resolve(listener(event)).catch((error: unknown) => warn(listener, error));
      } catch (error) {
        warn(listener, error);
      }
    }
  };
}
