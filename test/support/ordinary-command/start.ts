import { join } from 'node:path';
import type { TableFill } from '../../../src/online-migration/mikro-orm/index.ts';
import type { SettingsOptions } from '../../../src/online-migration/phases/settings.ts';
import { type RunningCommand, startNode } from '../command-line.ts';

const MIKRO_ORM = 'node_modules/@mikro-orm/cli/cli.js';

/** An ordinary migration of a project that runs in a process of its own. */
export interface CommandMigration {
  /** Statements and fills that it adds. */
  readonly up: readonly (string | TableFill)[];
  readonly down?: readonly (string | TableFill)[];
  /** Statements that it sends itself, before. */
  readonly sends?: readonly string[];
}

/** Prepares `npx mikro-orm …` of a project whose migrations are these, by their names in the ledger. */
export function ordinaryCommand(
  migrations: Readonly<Record<string, CommandMigration>>,
  settings: SettingsOptions = {},
): (url: string, ...args: string[]) => RunningCommand {
  return (url, ...args) =>
    startNode([MIKRO_ORM, ...args], {
      DATABASE_URL: url,
      MIKRO_ORM_CLI_CONFIG: join(import.meta.dirname, 'mikro-orm.config.ts'),
      ORDINARY_MIGRATIONS: JSON.stringify(migrations),
      ORDINARY_SETTINGS: JSON.stringify(settings),
    });
}
