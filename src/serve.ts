import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { collectDefaultMetrics } from 'prom-client';
import { readConfig } from './config.ts';
import { applicationConnections } from './database/application-connections.ts';
import { resolveDatabase } from './database/resolve-database.ts';
import { awaitWritableServer } from './database/writable-server.ts';
import { buildApplication } from './http/application.ts';
import { listen } from './http/listener.ts';
import { openLog } from './http/log.ts';
import { openOrm } from './orm/open-orm.ts';
import { openReplicaOrm } from './http/followed-changes.ts';

/** What is left open after the last request may take so long to close, in milliseconds. */
const CLOSING_MS = 1_000;

/**
 * Serves the API until SIGTERM, SIGINT or SIGHUP; a second SIGTERM or SIGINT ends the process at once.
 *
 * 1. Wait for the database, then listen.
 * 2. At the signal: `/readyz` says no, and after a pause in which balancers notice, no new connections are taken.
 * 3. The requests in flight are answered, which takes no longer than a request may; then all connections are closed.
 */
async function main(): Promise<void> {
  const config = readConfig();
  using opened = await openLog(config.logLevel);
  const { log } = opened;
  // Heard from the beginning: as process 1 of a container it would not be ended by a signal that nobody hears.
  const ending = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => ending.abort());
  // A terminal that closes; its shell may send the signal once more.
  process.on('SIGHUP', () => ending.abort());
  if (config.databaseUrl) {
    try {
      await awaitWritableServer(
        config.databaseUrl,
        config.databaseWaitMs,
        (line) => log.notice(line),
        ending.signal,
      );
    } catch (error) {
      if (!ending.signal.aborted) throw error;
    }
  }
  if (ending.signal.aborted) return;
  const database = await resolveDatabase(config);
  log.notice(database.description);

  const connections = applicationConnections(database.servers, config.requestTimeoutMs);
  const stopping = new AbortController();
  await using resources = new AsyncDisposableStack();
  const { orm } = resources.use(await openOrm(database.servers.requests[0]!, connections.pool));
  const { databaseReplicaUrl: replicaUrl } = config;
  const replica = replicaUrl && resources.use(await openReplicaOrm(replicaUrl, config.requestTimeoutMs));
  const application = resources.use(
    await buildApplication(orm, {
      config,
      connection: () => connections.session(),
      replica: replica ? replica.orm : undefined,
      stopping: stopping.signal,
      log,
    }),
  );
  collectDefaultMetrics({ register: application.metrics });
  const listener = await listen(application.koa, config.host, config.port, { ...config, log });
  log.notice(`Listening on ${listener.url}`);

  if (!ending.signal.aborted) await once(ending.signal, 'abort');
  stopping.abort();
  // A connection on which the server has fallen silent would keep the process alive for minutes.
  const lastMs = config.shutdownDelayMs + config.requestTimeoutMs + CLOSING_MS;
  setTimeout(() => process.exit(), lastMs).unref();
  await delay(config.shutdownDelayMs);
  await listener.close(config.requestTimeoutMs);
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
