import { readConfig } from '../../config.ts';
import { resolveDatabase } from '../../database/resolve-database.ts';
import { features } from '../../features.ts';
import { migrationSettings } from '../../orm/migration-settings.ts';
import { migratorOptions } from '../../orm/migrator-options.ts';
import type { OnlineMigrationEvent } from 'online-migration';

/** The configuration of `npx mikro-orm`, with a listener that sends each event to the parent process. */
export default async function listenedOptions() {
  const config = readConfig();
  const database = await resolveDatabase(config);
  const entities = features.flatMap((feature) => feature.entities);
  return migratorOptions(database.url, entities, {
    settings: migrationSettings(config),
    onEvent: sendToParent,
  });
}

function sendToParent(event: OnlineMigrationEvent): void {
  // If the parent process has ended, sending fails. Without the callback, the failure would end this process in the
  // middle of a phase.
  if (process.connected) process.send?.(event, undefined, undefined, () => undefined);
}
