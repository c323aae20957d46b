import { setTimeout } from 'node:timers/promises';
import type { Router } from '@koa/router';
import { escapeIdentifier, type Pool } from 'pg';
import type { ColumnChange } from 'online-migration';
import { NOT_MIGRATED } from './failure.ts';
import { Problem } from './problem.ts';

/** If the database takes longer to answer, the process is not ready. In milliseconds. */
const READY_TIMEOUT_MS = 1000;

/** A slower connection is closed, so that no later query waits behind this one. */
const PING = {
  text: `select coalesce(bool_and(to_regclass(name) is not null), true) as migrated from unnest($1::text[]) as name`,
  query_timeout: READY_TIMEOUT_MS,
};

/**
 * Adds `/healthz` (the process is alive) and `/readyz` (it accepts requests, its database answers, and the tables of
 * the column changes exist).
 *
 * @param router receives the routes
 * @param changes the column changes that this process follows
 * @param pool the pool that requests use
 * @param stopping aborted at shutdown; `/readyz` then fails, so that load balancers send requests elsewhere
 */
export function addHealthRoutes(
  router: Router,
  changes: readonly ColumnChange[],
  pool: Pool,
  stopping: AbortSignal,
): void {
  const tables = changes.map(
    ({ table }) => `${escapeIdentifier(table.schema)}.${escapeIdentifier(table.name)}`,
  );

  router.get('/healthz', (ctx) => {
    ctx.body = { status: 'ok' };
  });

  router.get('/readyz', async (ctx) => {
    if (stopping.aborted) throw notReady('This process is shutting down. Try again.');
    // The timer includes the wait for a connection.
    const answer = pool.query<{ migrated: boolean }>({ ...PING, values: [tables] }).then(
      ({ rows }) => rows[0]!,
      () => null,
    );
    const database = await Promise.race([answer, setTimeout(READY_TIMEOUT_MS, null, { ref: false })]);
    if (database === null) throw notReady('The database does not answer. Try again.');
    if (!database.migrated) throw notReady(`${NOT_MIGRATED} Try again.`);
    ctx.body = { status: 'ok' };
  });
}

function notReady(detail: string): Problem {
  return new Problem(503, detail, { headers: { 'Retry-After': '1' } });
}
