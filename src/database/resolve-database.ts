import { relative } from 'node:path';
import type { Config } from '../config.ts';
import { printableUrl } from './connection-url.ts';
import { PROJECT_DATA_FOLDER, PROJECT_FOLDER, startEmbeddedPostgres } from './embedded-postgres.ts';

/** Which database a command talks to. */
export interface DatabaseAddress {
  /** With the password: not for printing. */
  readonly url: string;
  /** One line for people, without the password. */
  readonly description: string;
}

/**
 * Says which database to use: DATABASE_URL, else the embedded PostgreSQL, started if it does not run.
 *
 * @param config.databaseUrl DATABASE_URL, if it is set
 * @param dataFolder where the embedded PostgreSQL has its data
 * @throws Error where the embedded PostgreSQL cannot start
 */
export async function resolveDatabase(
  config: Pick<Config, 'databaseUrl'>,
  dataFolder = PROJECT_DATA_FOLDER,
): Promise<DatabaseAddress> {
  if (config.databaseUrl) {
    return {
      url: config.databaseUrl,
      description: `Database: ${printableUrl(config.databaseUrl)} (DATABASE_URL)`,
    };
  }
  const { url } = await startEmbeddedPostgres(dataFolder);
  return {
    url,
    description: `Database: ${printableUrl(url)} (embedded, ${relative(PROJECT_FOLDER, dataFolder)})`,
  };
}
