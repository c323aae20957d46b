import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { collectDefaultMetrics } from 'prom-client';
import { readConfig } from './config.ts';
import { resolveDatabase } from './database/resolve-database.ts';
import { awaitWritableServer } from './database/writable-server.ts';
import type { Feature } from './http/feature.ts';
import { listen } from './http/listener.ts';
import { openLog } from './http/log.ts';
import { openApplication } from './http/open-application.ts';

/** Time to close the remaining resources after the last request, in milliseconds. */
const CLOSING_MS = 1_000;

/**
 * Serves features in this process. If it fails, it prints the error and sets exit code 1.
 *
 * @param features the features of the application
 */
export async function serve(features: readonly Feature[]): Promise<void> {
  try {
    await serveUntilSignal(features);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}

/**
 * Serves the API until SIGTERM, SIGINT or SIGHUP. A second SIGTERM or SIGINT ends the process at once.
 *
 * 1. Wait for the database, then listen.
 * 2. At the signal, `/readyz` fails. After a pause, in which load balancers notice, accept no new connections.
 * 3. Answer the requests in flight, at most for the time limit of a request. Then close all connections.
 */
async function serveUntilSignal(features: readonly Feature[]): Promise<void> {
  const config = readConfig();
  using opened = await openLog(config.logLevel);
  const { log } = opened;
  // Installed first: process 1 of a container ignores a signal that has no handler.
  const ending = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => ending.abort());
  // The terminal was closed. Its shell may send the signal again.
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

  const stopping = new AbortController();
  await using application = await openApplication(features, database.servers, {
    config,
    stopping: stopping.signal,
    log,
  });
  collectDefaultMetrics({ register: application.metrics });
  const listener = await listen(application.koa, config.host, config.port, { ...config, log });
  log.notice(`Listening on ${listener.url}`);

  if (!ending.signal.aborted) await once(ending.signal, 'abort');
  stopping.abort();
  // A connection to an unresponsive server would keep the process alive for minutes.
  const lastMs = config.shutdownDelayMs + config.requestTimeoutMs + CLOSING_MS;
  setTimeout(() => process.exit(), lastMs).unref();
  await delay(config.shutdownDelayMs);
  await listener.close(config.requestTimeoutMs);
}
