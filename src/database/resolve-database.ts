import { relative } from 'node:path';
import type { DatabaseServers } from './application-connections.ts';
import { printableUrl, urlsOfHosts } from './connection-url.ts';
import { PROJECT_DATA_FOLDER, PROJECT_FOLDER } from './project-folder.ts';
import { awaitWritableServer } from './writable-server.ts';

/** The database settings of the environment. */
export interface GivenDatabase {
  /** DATABASE_URL; absent if it is not set. */
  readonly databaseUrl?: string;
  /** DATABASE_DIRECT_URL; absent if it is not set. */
  readonly databaseDirectUrl?: string;
}

/** The database of a command. */
export interface DatabaseAddress {
  /** The server itself: the one that currently accepts writes. Contains the password: do not print it. */
  readonly url: string;
  /** All servers that `npm start` may use. */
  readonly servers: DatabaseServers;
  /** One line for people, without the password. */
  readonly description: string;
}

/**
 * Selects the database: DATABASE_URL if it is set, otherwise the embedded PostgreSQL, which is started if needed. If
 * DATABASE_URL points to a pooler, everything except requests uses DATABASE_DIRECT_URL.
 *
 * @param given the settings of the environment
 * @param dataFolder of the embedded PostgreSQL
 * @throws Error if the embedded PostgreSQL cannot start, or none of several servers accepts writes
 */
export async function resolveDatabase(
  { databaseUrl, databaseDirectUrl }: GivenDatabase,
  dataFolder = PROJECT_DATA_FOLDER,
): Promise<DatabaseAddress> {
  if (databaseDirectUrl) {
    const direct = await resolveGiven(databaseDirectUrl, 'DATABASE_DIRECT_URL');
    if (!databaseUrl) return direct;
    return {
      url: direct.url,
      servers: { requests: urlsOfHosts(databaseUrl), sessions: direct.servers.requests },
      description: `${direct.description}, for requests ${printableUrl(databaseUrl)} (DATABASE_URL)`,
    };
  }
  if (databaseUrl) return resolveGiven(databaseUrl, 'DATABASE_URL');
  // A project with a database of its own does without it.
  const { startEmbeddedPostgres } = await import('./embedded-postgres.ts');
  const { url } = await startEmbeddedPostgres(dataFolder);
  return {
    url,
    servers: { requests: [url] },
    description: `Database: ${printableUrl(url)} (embedded, ${relative(PROJECT_FOLDER, dataFolder)})`,
  };
}

async function resolveGiven(given: string, variable: string): Promise<DatabaseAddress> {
  const requests = urlsOfHosts(given);
  // A single server is not checked here: its first use reports any error.
  const url = requests.length === 1 ? given : await awaitWritableServer(given, 0, () => undefined);
  return { url, servers: { requests }, description: `Database: ${printableUrl(given)} (${variable})` };
}
