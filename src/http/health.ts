import { setTimeout } from 'node:timers/promises';
import type { Router } from '@koa/router';
import type { Pool } from 'pg';
import { Problem } from './problem.ts';

/** How long the database may take to answer before the process counts as not ready, in milliseconds. */
const READY_TIMEOUT_MS = 1000;

/** A connection that takes longer is closed, so that no later query waits behind it. */
const PING = { text: 'select 1', query_timeout: READY_TIMEOUT_MS };

/**
 * Adds `/healthz`, which says that the process lives, and `/readyz`, which says that its database answers too.
 *
 * @param router receives the routes
 * @param pool the connections that requests use
 */
export function addHealthRoutes(router: Router, pool: Pool): void {
  router.get('/healthz', (ctx) => {
    ctx.body = { status: 'ok' };
  });

  router.get('/readyz', async (ctx) => {
    // The timer covers the wait for a connection as well.
    const answer = pool.query(PING).then(
      () => true,
      () => false,
    );
    const isReady = await Promise.race([answer, setTimeout(READY_TIMEOUT_MS, false, { ref: false })]);
    if (!isReady) {
      throw new Problem(503, 'The database does not answer. Try again.', { headers: { 'Retry-After': '1' } });
    }
    ctx.body = { status: 'ok' };
  });
}
