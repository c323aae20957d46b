import { relative } from 'node:path';
import type { Config } from '../config.ts';
import { printableUrl, urlsOfHosts } from './connection-url.ts';
import { PROJECT_DATA_FOLDER, PROJECT_FOLDER, startEmbeddedPostgres } from './embedded-postgres.ts';
import { awaitWritableServer } from './writable-server.ts';

/** Which database a command talks to. */
export interface DatabaseAddress {
  /** The server that takes writes at the moment. With the password: not for printing. */
  readonly url: string;
  /** All servers that may take them one day, each with a URL of its own. */
  readonly servers: readonly string[];
  /** One line for people, without the password. */
  readonly description: string;
}

/**
 * Says which database to use: DATABASE_URL, else the embedded PostgreSQL, started if it does not run.
 *
 * @param config.databaseUrl DATABASE_URL, if it is set
 * @param dataFolder where the embedded PostgreSQL has its data
 * @throws Error where the embedded PostgreSQL cannot start, or none of several servers takes writes
 */
export async function resolveDatabase(
  config: Pick<Config, 'databaseUrl'>,
  dataFolder = PROJECT_DATA_FOLDER,
): Promise<DatabaseAddress> {
  if (config.databaseUrl) {
    const servers = urlsOfHosts(config.databaseUrl);
    // One server says for itself, where it is used, what is wrong with it.
    const url = servers.length === 1 ? config.databaseUrl : await findWritable(config.databaseUrl);
    return { url, servers, description: `Database: ${printableUrl(url)} (DATABASE_URL)` };
  }
  const { url } = await startEmbeddedPostgres(dataFolder);
  return {
    url,
    servers: [url],
    description: `Database: ${printableUrl(url)} (embedded, ${relative(PROJECT_FOLDER, dataFolder)})`,
  };
}

async function findWritable(url: string): Promise<string> {
  return awaitWritableServer(url, 0, () => undefined);
}
