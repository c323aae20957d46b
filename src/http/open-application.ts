import type { PoolConfig } from 'pg';
import type { Config } from '../config.ts';
import {
  applicationConnections,
  type DatabaseServers,
  replicaConnections,
} from '../database/application-connections.ts';
import { urlsOfHosts } from '../database/connection-url.ts';
import { ormOptions } from '../orm/orm-options.ts';
import { type Application, buildApplication } from './application.ts';
import type { Feature } from './feature.ts';
import { openPrimary, openReplica } from './followed-changes.ts';
import type { Log } from './log.ts';

/** Settings of {@link openApplication}. */
export interface OpenOptions {
  readonly config: Config;
  /** Aborted at shutdown. */
  readonly stopping: AbortSignal;
  readonly log: Log;
}

/**
 * Opens the ORMs of the primary and of the replica, if there is one, and builds the API on them.
 *
 * @param servers the URLs of the database
 * @returns the API; disposing of it closes all its connections
 * @throws Error if the configured active column belongs to no change
 */
export async function openApplication(
  features: readonly Feature[],
  servers: DatabaseServers,
  { config, stopping, log }: OpenOptions,
): Promise<Application> {
  await using resources = new AsyncDisposableStack();
  const { requestTimeoutMs, databaseReplicaUrl } = config;
  const changes = features.flatMap((feature) => feature.changes);
  const entities = features.flatMap((feature) => feature.entities);
  const options = (url: string, connections: PoolConfig) => ormOptions(url, entities, connections);

  const connections = applicationConnections(servers, requestTimeoutMs);
  const connection = () => connections.session();
  const primary = resources.use(
    await openPrimary(options(servers.requests[0]!, connections.pool), changes, { config, connection, log }),
  );
  const replicas = databaseReplicaUrl === undefined ? [] : urlsOfHosts(databaseReplicaUrl);
  const replica =
    replicas[0] === undefined
      ? undefined
      : resources.use(
          await openReplica(options(replicas[0], replicaConnections(replicas, requestTimeoutMs)), changes, {
            config,
            log,
          }),
        );
  const application = resources.use(
    await buildApplication(features, primary, { config, connection, replica, stopping, log }),
  );
  const owned = resources.move();
  return { ...application, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
