import type { Router } from '@koa/router';
import { readBackfillProgress } from '../online-migration/backfill/plan/progress.ts';
import { namesOf } from '../online-migration/change/names.ts';
import { readStage } from '../online-migration/observation/stage.ts';
import type { Queryable } from '../online-migration/postgres/queryable.ts';
import type { FollowedChange } from './followed-changes.ts';

/**
 * Adds `/status`: the stage of each column change and the column that this process uses.
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

async function statusOf({ column, follower }: FollowedChange, database: Queryable): Promise<object> {
  const stage = await readStage(database, column);
  const progress = await readBackfillProgress(database, column);
  const active = await follower.current();
  return {
    change: namesOf(column).change,
    stage,
    activeColumn: active.name,
    backfill: progress && {
      rowsDone: progress.rowsDone,
      rowsTotal: progress.rowsTotal,
      percent: progress.percent,
      rowsPerSecond: progress.rowsPerSecond,
      etaSeconds: progress.etaSeconds,
    },
  };
}
