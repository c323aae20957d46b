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

/** As `mikro-orm.config.ts`, but the events are sent to this process. */
const CONFIG = join(import.meta.dirname, 'migration-config.ts');

/** What a run of the command was like. */
export interface MigrationRun {
  /** What the migrator reported, in its order. */
  readonly events: readonly OnlineMigrationEvent[];
  /** From the start of its process to the end. */
  readonly seconds: number;
  /** The most memory that the process had resident; null if nobody could measure it. */
  readonly peakMemoryBytes: number | null;
}

/**
 * Runs `npx mikro-orm migration:up --to …` as a process of its own.
 *
 * @param databaseUrl the database to migrate
 * @param target how the migration's name begins
 * @param signal kills it
 * @param settings variables of its configuration, beside the database; the others have their defaults
 * @param onEvent receives each event of the migrator, as it comes
 * @throws Error with the command's output where it fails
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

/** Runs `npx mikro-orm migration:down --to …`; everything else as {@link migrateUpTo}. */
export async function migrateDownTo(
  databaseUrl: string,
  target: string,
  signal: AbortSignal,
): Promise<MigrationRun> {
  return runMigrationCommand(databaseUrl, ['migration:down', '--to', target], signal, {}, () => {});
}

async function runMigrationCommand(
  databaseUrl: string,
  command: readonly string[],
  signal: AbortSignal,
  settings: Readonly<Record<string, string>>,
  onEvent: (event: OnlineMigrationEvent) => void,
): Promise<MigrationRun> {
  // The loader of the TypeScript files would leave its cache in the temporary folder.
  const environment = { ...settings, DATABASE_URL: databaseUrl, TSX_DISABLE_CACHE: '1' };
  const events: OnlineMigrationEvent[] = [];
  const began = performance.now();
  const programArguments = [...command, '--config', CONFIG];
  await using running = new OwnedProcess(MIKRO_ORM, programArguments, environment, signal, {
    onMessage: (message) => {
      // Nothing but the configuration's listener sends messages.
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
