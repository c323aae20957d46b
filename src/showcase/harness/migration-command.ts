import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { OnlineMigrationEvent } from 'online-migration';
import { OwnedProcess } from './owned-process.ts';
import { watchPeakMemory } from './peak-memory.ts';

/** The script behind `npx mikro-orm`. */
const MIKRO_ORM = join(
  dirname(createRequire(import.meta.url).resolve('@mikro-orm/cli/package.json')),
  'cli.js',
);

/** Like `mikro-orm.config.ts`, but sends the events to this process. */
const CONFIG = join(import.meta.dirname, 'migration-config.ts');

/** A run of the command. */
export interface MigrationRun {
  /** The migrator's events, in order. */
  readonly events: readonly OnlineMigrationEvent[];
  /** Total duration of its process. */
  readonly seconds: number;
  /** Peak resident memory of the process; null if it could not be measured. */
  readonly peakMemoryBytes: number | null;
}

/**
 * Runs `npx mikro-orm migration:up --to …` as a separate process.
 *
 * @param databaseUrl the database to migrate
 * @param target prefix of the migration's name
 * @param signal kills it
 * @param settings environment variables in addition to the database; all others have their defaults
 * @param onEvent receives each event of the migrator
 * @throws Error with the command's output if it fails
 */
export async function migrateUpTo(
  databaseUrl: string,
  target: string,
  signal: AbortSignal,
  settings: Readonly<Record<string, string>> = {},
  onEvent: (event: OnlineMigrationEvent) => void = () => {},
): Promise<MigrationRun> {
  return runMigrationCommand(databaseUrl, ['migration:up', '--to', target], signal, settings, onEvent);
}

/** Runs `npx mikro-orm migration:down --to …`. See {@link migrateUpTo}. */
export async function migrateDownTo(
  databaseUrl: string,
  target: string,
  signal: AbortSignal,
  settings: Readonly<Record<string, string>> = {},
): Promise<MigrationRun> {
  return runMigrationCommand(databaseUrl, ['migration:down', '--to', target], signal, settings, () => {});
}

async function runMigrationCommand(
  databaseUrl: string,
  command: readonly string[],
  signal: AbortSignal,
  settings: Readonly<Record<string, string>>,
  onEvent: (event: OnlineMigrationEvent) => void,
): Promise<MigrationRun> {
  const environment = { ...settings, DATABASE_URL: databaseUrl };
  const events: OnlineMigrationEvent[] = [];
  const began = performance.now();
  const programArguments = [...command, '--config', CONFIG];
  await using running = new OwnedProcess(MIKRO_ORM, programArguments, environment, signal, {
    onMessage: (message) => {
      // Only the configuration's listener sends messages.
      const event = message as OnlineMigrationEvent;
      events.push(event);
      onEvent(event);
    },
  });
  using peakMemory = watchPeakMemory(running.pid);
  const exitCode = await running.ended;
  if (exitCode === 0) {
    const seconds = (performance.now() - began) / 1000;
    return { events, seconds, peakMemoryBytes: peakMemory.bytes };
  }
  const end = exitCode === null ? 'was killed' : `failed (exit code ${exitCode})`;
  throw new Error(`npx mikro-orm ${command.join(' ')} ${end}:\n${running.output}`);
}
