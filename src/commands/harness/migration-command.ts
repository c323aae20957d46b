import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { OwnedProcess } from './owned-process.ts';

/** The script behind `npx mikro-orm`. */
const MIKRO_ORM = join(
  dirname(createRequire(import.meta.url).resolve('@mikro-orm/cli/package.json')),
  'cli.js',
);

/**
 * Runs `npx mikro-orm migration:up --to …` as a process of its own.
 *
 * @param databaseUrl the database to migrate
 * @param target how the migration's name begins
 * @param signal kills it
 * @throws Error with the command's output where it fails
 */
export async function migrateUpTo(databaseUrl: string, target: string, signal: AbortSignal): Promise<void> {
  // The loader of the TypeScript files would leave its cache in the temporary folder.
  const environment = { DATABASE_URL: databaseUrl, TSX_DISABLE_CACHE: '1' };
  await using command = new OwnedProcess(MIKRO_ORM, ['migration:up', '--to', target], environment, signal);
  const exitCode = await command.ended;
  if (exitCode === 0) return;
  const end = exitCode === null ? 'was killed' : `failed (exit code ${exitCode})`;
  throw new Error(`npx mikro-orm migration:up --to ${target} ${end}:\n${command.output}`);
}
