import { join } from 'node:path';
import { type RunningCommand, startNode } from '../command-line.ts';

const MIKRO_ORM = 'node_modules/@mikro-orm/cli/cli.js';
const ONLINE_MIGRATION = 'src/online-migration/cli/online-migration.ts';

/** Environment that makes MikroORM's command line read the project's configuration. */
export const PROJECT_ENVIRONMENT = { MIKRO_ORM_CLI_CONFIG: join(import.meta.dirname, 'mikro-orm.config.ts') };

/** Arguments that make `npx online-migration` read the project's configuration. */
export const CONFIG = ['--config', join(import.meta.dirname, 'online-migration.config.ts')] as const;

/** Starts `npx mikro-orm …` of the project as a process of its own. */
export function startMikroOrm(
  databaseUrl: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): RunningCommand {
  return startNode([MIKRO_ORM, ...args], {
    DATABASE_URL: databaseUrl,
    ...PROJECT_ENVIRONMENT,
    ...env,
  });
}

/** Runs `npx mikro-orm …` of the project to its end. */
export async function runMikroOrm(
  databaseUrl: string,
  ...args: string[]
): Promise<{ exitCode: number | null; output: string }> {
  const command = startMikroOrm(databaseUrl, args);
  const exitCode = await command.exitCode;
  return { exitCode, output: command.output() };
}

/** Starts `npx online-migration …` of the project as a process of its own. */
export function startOnlineMigration(
  databaseUrl: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): RunningCommand {
  return startNode(
    [ONLINE_MIGRATION, '--config', join(import.meta.dirname, 'online-migration.config.ts'), ...args],
    {
      DATABASE_URL: databaseUrl,
      ...env,
    },
  );
}

/** A process of an application that follows the active column; disposing of it kills it. */
export interface FollowingProcess extends RunningCommand, AsyncDisposable {}

/**
 * Starts an application that follows the active column, in a process of its own.
 * @param pinned a column to stay on
 */
export async function startFollowingProcess(databaseUrl: string, pinned?: string): Promise<FollowingProcess> {
  const command = startNode([join(import.meta.dirname, 'follow.ts')], {
    DATABASE_URL: databaseUrl,
    ...(pinned === undefined ? {} : { ACTIVE_COLUMN: pinned }),
  });
  await command.printed(/^Following$/m);
  return {
    ...command,
    async [Symbol.asyncDispose]() {
      command.process.kill('SIGKILL');
      await command.exitCode;
    },
  };
}
