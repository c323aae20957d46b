import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ClientConfig } from 'pg';
import type { ColumnChange } from '../../change/column-change.ts';
import { OnlineMigrationError } from '../../change/online-migration-error.ts';
import { CONFIG_NAMES } from '../../new-change/config-names.ts';
import { clientFor } from '../../postgres/open-client.ts';
import type { SettingsOptions } from '../../phases/settings.ts';

/** The default export of `online-migration.config.ts`: the project's settings for the command line. */
export interface OnlineMigrationConfig {
  /** All column changes of the project. */
  readonly changes: readonly ColumnChange[];
  /** The database: a URL, an object that `pg` accepts, or a function that is called when a command needs it. */
  readonly connection: string | ClientConfig | (() => string | ClientConfig | Promise<string | ClientConfig>);
  /** Lock timeouts and backfill settings that differ from the defaults. */
  readonly settings?: SettingsOptions;
  /**
   * MikroORM's options, or a function that returns them, if the phases are migrations of MikroORM: `up` and `down` then run
   * MikroORM's migrator, and its table of migrations is the ledger.
   */
  readonly mikroOrm?: unknown;
}

/** A configuration and its file, for messages. */
export interface LoadedConfig extends OnlineMigrationConfig {
  readonly file: string;
}

/**
 * Loads the project's configuration.
 * @param file its path; by default the first of `online-migration.config.{ts,mts,js,mjs,cjs}` in the working directory
 * @throws OnlineMigrationError if there is none, or if it has no list of changes
 */
export async function loadConfig(file?: string): Promise<LoadedConfig> {
  const name = file ?? CONFIG_NAMES.find((candidate) => existsSync(join(process.cwd(), candidate)));
  const path = name === undefined ? undefined : resolve(name);
  if (path === undefined || !existsSync(path)) {
    throw new OnlineMigrationError(
      'CONFIG_NOT_FOUND',
      `There is no ${file ?? CONFIG_NAMES[0]} in ${process.cwd()}: create it, or name it with --config. It exports ` +
        `\`{ changes, connection }\` as its default.`,
    );
  }
  if (statSync(path).isDirectory()) {
    throw new OnlineMigrationError('CONFIG_INVALID', `${path} is a folder: name a file with --config.`, {
      path,
    });
  }
  const config = await importDefault(path);
  if (!Array.isArray(config?.changes) || !('connection' in config)) {
    throw new OnlineMigrationError(
      'CONFIG_INVALID',
      `${path} must export \`{ changes, connection }\` as its default.`,
    );
  }
  return { ...(config as OnlineMigrationConfig), file: name! };
}

/** A CommonJS module that a compiler has made has its default export under `default` once more. */
async function importDefault(path: string): Promise<Partial<OnlineMigrationConfig> | undefined> {
  try {
    const module = (await import(pathToFileURL(path).href)) as { default?: { default?: object } };
    return module.default?.default ?? module.default;
  } catch (error) {
    if (error instanceof OnlineMigrationError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new OnlineMigrationError(
      'CONFIG_INVALID',
      `${path} cannot be loaded: ${reason}`,
      { path },
      { cause: error },
    );
  }
}

/**
 * The connection of a configuration, in a form that `pg` accepts.
 * @throws OnlineMigrationError if it is neither a URL nor an object of settings, or its function throws
 */
export async function connectionOf({ connection }: OnlineMigrationConfig): Promise<ClientConfig> {
  const found: unknown = typeof connection === 'function' ? await called(connection) : connection;
  if (found === undefined || found === null || found === '') {
    throw invalidConnection('is empty: is DATABASE_URL set?');
  }
  if (typeof found === 'string') return { connectionString: found };
  const isSettings = typeof found === 'object' && !Array.isArray(found) && !('connect' in found);
  if (!isSettings) throw invalidConnection('is neither a URL nor an object of settings.');
  return found;
}

async function called(connection: () => unknown): Promise<unknown> {
  try {
    return await connection();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw invalidConnection(`is a function that failed: ${reason}.`, { cause: error });
  }
}

function invalidConnection(problem: string, options?: ErrorOptions): OnlineMigrationError {
  return new OnlineMigrationError(
    'CONFIG_INVALID',
    `\`connection\` of the configuration ${problem} It needs a URL, or \`{}\` for the PG… variables of the environment.`,
    {},
    options,
  );
}

/** The database of a connection in one line, without the password. */
export function describeConnection(connection: ClientConfig): string {
  const { user, host, port, database } = clientFor(connection);
  return `Database: ${database} on ${host}:${port}, as ${user}`;
}
