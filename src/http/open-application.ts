import type { Config } from '../config.ts';
import {
  applicationConnections,
  type DatabaseServers,
  replicaConnections,
} from '../database/application-connections.ts';
import { urlsOfHosts } from '../database/connection-url.ts';
import { openOrm } from '../orm/open-orm.ts';
import { type Application, buildApplication } from './application.ts';
import type { Feature } from './feature.ts';
import { applicationNameFor } from './followed-changes.ts';
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
  const entities = features.flatMap((feature) => feature.entities);
  const named = applicationNameFor(features.flatMap(({ changes }) => changes));
  const connections = applicationConnections(servers, requestTimeoutMs);
  const primary = resources.use(
    await openOrm(servers.requests[0]!, entities, { ...named, ...connections.pool }),
  );
  const replicas = databaseReplicaUrl === undefined ? [] : urlsOfHosts(databaseReplicaUrl);
  const replica =
    replicas[0] === undefined
      ? undefined
      : resources.use(
          await openOrm(replicas[0], entities, {
            ...named,
            ...replicaConnections(replicas, requestTimeoutMs),
          }),
        );
  const application = resources.use(
    await buildApplication(features, primary.orm, {
      config,
      connection: () => connections.session(),
      replica: replica?.orm,
      stopping,
      log,
    }),
  );
  const owned = resources.move();
  return { ...application, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
