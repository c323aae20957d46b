import { relative } from 'node:path';
import type { DatabaseServers } from './application-connections.ts';
import { printableUrl, urlsOfHosts } from './connection-url.ts';
import { PROJECT_DATA_FOLDER, PROJECT_FOLDER, startEmbeddedPostgres } from './embedded-postgres.ts';
import { awaitWritableServer } from './writable-server.ts';

/** What the environment says of the database. */
export interface GivenDatabase {
  /** DATABASE_URL; absent if it is not set. */
  readonly databaseUrl?: string;
  /** DATABASE_DIRECT_URL; absent if it is not set. */
  readonly databaseDirectUrl?: string;
}

/** Which database a command talks to. */
export interface DatabaseAddress {
  /** The server itself, the one that takes writes at the moment. With the password: not for printing. */
  readonly url: string;
  /** All that `npm start` may turn to one day. */
  readonly servers: DatabaseServers;
  /** One line for people, without the password. */
  readonly description: string;
}

/**
 * Says which database to use: DATABASE_URL, else the embedded PostgreSQL, started if it does not run. Where DATABASE_URL
 * leads through a pooler, everything but requests takes DATABASE_DIRECT_URL.
 *
 * @param given what the environment says
 * @param dataFolder where the embedded PostgreSQL has its data
 * @throws Error if the embedded PostgreSQL cannot start, or none of several servers takes writes
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
  const { url } = await startEmbeddedPostgres(dataFolder);
  return {
    url,
    servers: { requests: [url] },
    description: `Database: ${printableUrl(url)} (embedded, ${relative(PROJECT_FOLDER, dataFolder)})`,
  };
}

async function resolveGiven(given: string, variable: string): Promise<DatabaseAddress> {
  const requests = urlsOfHosts(given);
  // One server says for itself, where it is used, what is wrong with it.
  const url = requests.length === 1 ? given : await awaitWritableServer(given, 0, () => undefined);
  return { url, servers: { requests }, description: `Database: ${printableUrl(given)} (${variable})` };
}
