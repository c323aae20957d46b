import { setTimeout } from 'node:timers/promises';
import type { Router } from '@koa/router';
import type { Pool } from 'pg';
import { Problem } from './problem.ts';

/** How long the database may take to answer before the process counts as not ready, in milliseconds. */
const READY_TIMEOUT_MS = 1000;

/** A connection that takes longer is closed, so that no later query waits behind it. */
const PING = { text: 'select 1', query_timeout: READY_TIMEOUT_MS };

/**
 * Adds `/healthz`, which says that the process lives, and `/readyz`, which says that it takes requests and that its
 * database answers.
 *
 * @param router receives the routes
 * @param pool the connections that requests use
 * @param stopping aborted when the process is about to end: balancers are to send their requests elsewhere
 */
export function addHealthRoutes(router: Router, pool: Pool, stopping: AbortSignal): void {
  router.get('/healthz', (ctx) => {
    ctx.body = { status: 'ok' };
  });

  router.get('/readyz', async (ctx) => {
    if (stopping.aborted) throw notReady('This process is about to end. Try again.');
    // The timer covers the wait for a connection as well.
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
