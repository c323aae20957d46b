import { setTimeout } from 'node:timers/promises';
import type { Router } from '@koa/router';
import type { Pool } from 'pg';
import { Problem } from './problem.ts';

/** If the database takes longer to answer, the process is not ready. In milliseconds. */
const READY_TIMEOUT_MS = 1000;

/** A slower connection is closed, so that no later query waits behind this one. */
const PING = { text: 'select 1', query_timeout: READY_TIMEOUT_MS };

/**
 * Adds `/healthz` (the process is alive) and `/readyz` (it accepts requests and its database answers).
 *
 * @param router receives the routes
 * @param pool the pool that requests use
 * @param stopping aborted at shutdown; `/readyz` then fails, so that load balancers send requests elsewhere
 */
export function addHealthRoutes(router: Router, pool: Pool, stopping: AbortSignal): void {
  router.get('/healthz', (ctx) => {
    ctx.body = { status: 'ok' };
  });

  router.get('/readyz', async (ctx) => {
    if (stopping.aborted) throw notReady('This process is shutting down. Try again.');
    // The timer includes the wait for a connection.
    const answer = pool.query(PING).then(
      () => true,
      () => false,
    );
    const isReady = await Promise.race([answer, setTimeout(READY_TIMEOUT_MS, false, { ref: false })]);
    if (!isReady) throw notReady('The database does not answer. Try again.');
    ctx.body = { status: 'ok' };
  });
}

function notReady(detail: string): Problem {
  return new Problem(503, detail, { headers: { 'Retry-After': '1' } });
}
