import type { OnlineMigrationEvent } from 'online-migration';
import { useLittleMemory } from 'online-migration/little-memory';

/** The configuration of `npx mikro-orm`, with a listener that sends each event to the parent process. */
export default async function listenedOptions() {
  useLittleMemory();
  const { migrationOptions } = await import('../../migration-options.ts');
  return migrationOptions(sendToParent);
}

function sendToParent(event: OnlineMigrationEvent): void {
  // If the parent process has ended, sending fails. Without the callback, the failure would end this process in the
  // middle of a phase.
  if (process.connected) process.send?.(event, undefined, undefined, () => undefined);
}
