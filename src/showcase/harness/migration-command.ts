import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { OwnedProcess } from './owned-process.ts';
import { watchPeakMemory } from './peak-memory.ts';

/** The script behind `npx mikro-orm`. */
const MIKRO_ORM = join(
  dirname(createRequire(import.meta.url).resolve('@mikro-orm/cli/package.json')),
  'cli.js',
);

/** What a run of the command was like. */
export interface MigrationRun {
  /** What it printed, without colours. */
  readonly lines: readonly string[];
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
 * @param onLine receives each line that it writes, without colours, as it comes
 * @throws Error with the command's output where it fails
 */
export async function migrateUpTo(
  databaseUrl: string,
  target: string,
  signal: AbortSignal,
  settings: Readonly<Record<string, string>> = {},
  onLine: (line: string) => void = () => {},
): Promise<MigrationRun> {
  return runMigrationCommand(databaseUrl, ['migration:up', '--to', target], signal, settings, onLine);
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
  onLine: (line: string) => void,
): Promise<MigrationRun> {
  // The loader of the TypeScript files would leave its cache in the temporary folder.
  const environment = { ...settings, DATABASE_URL: databaseUrl, TSX_DISABLE_CACHE: '1' };
  const lines: string[] = [];
  const began = performance.now();
  await using running = new OwnedProcess(MIKRO_ORM, command, environment, signal, (coloured) => {
    const line = stripVTControlCharacters(coloured);
    lines.push(line);
    onLine(line);
  });
  using peakMemory = watchPeakMemory(running.pid);
  const exitCode = await running.ended;
  if (exitCode === 0) {
    const seconds = (performance.now() - began) / 1000;
    return { lines, seconds, peakMemoryBytes: peakMemory.bytes };
  }
  const end = exitCode === null ? 'was killed' : `failed (exit code ${exitCode})`;
  throw new Error(`npx mikro-orm ${command.join(' ')} ${end}:\n${running.output}`);
}
