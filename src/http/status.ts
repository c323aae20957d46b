import type { Router } from '@koa/router';
import { type Queryable, readStatus } from 'online-migration';
import type { FollowedChange } from './followed-changes.ts';

/**
 * Adds `/status`: the stage of each column change and the columns that this process uses.
 *
 * @param router receives the route
 * @param changes the changes that this process follows
 * @param database runs the queries
 */
export function addStatusRoute(
  router: Router,
  changes: readonly FollowedChange[],
  database: Queryable,
): void {
  router.get('/status', async (ctx) => {
    ctx.body = { changes: await Promise.all(changes.map((change) => statusOf(change, database))) };
  });
}

async function statusOf({ change, follower }: FollowedChange, database: Queryable): Promise<object> {
  const { change: name, stage, backfill: progress } = await readStatus(database, change);
  const active = await follower.current();
  return {
    change: name,
    stage,
    activeColumn: active.names.join(', '),
    backfill: progress && {
      rowsDone: progress.rowsDone,
      rowsTotal: progress.rowsTotal,
      percent: progress.percent,
      rowsPerSecond: progress.rowsPerSecond,
      etaSeconds: progress.etaSeconds,
    },
  };
}
