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

/** What is left open after the last request may take so long to close, in milliseconds. */
const CLOSING_MS = 1_000;

/**
 * Serves features as a process of its own; tells a failure on standard error, and ends with exit code 1.
 *
 * @param features what the application consists of
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
 * Serves the API until SIGTERM, SIGINT or SIGHUP; a second SIGTERM or SIGINT ends the process at once.
 *
 * 1. Wait for the database, then listen.
 * 2. At the signal: `/readyz` says no, and after a pause in which balancers notice, no new connections are taken.
 * 3. The requests in flight are answered, which takes no longer than a request may; then all connections are closed.
 */
async function serveUntilSignal(features: readonly Feature[]): Promise<void> {
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
  // A connection on which the server has fallen silent would keep the process alive for minutes.
  const lastMs = config.shutdownDelayMs + config.requestTimeoutMs + CLOSING_MS;
  setTimeout(() => process.exit(), lastMs).unref();
  await delay(config.shutdownDelayMs);
  await listener.close(config.requestTimeoutMs);
}
