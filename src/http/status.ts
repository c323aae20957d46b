import type { Router } from '@koa/router';
import type { ActiveColumnFollower } from '../online-migration/follow/active-column-follower.ts';
import { readBackfillProgress } from '../online-migration/backfill/plan/progress.ts';
import type { ChangedColumn } from '../online-migration/change/changed-column.ts';
import type { Queryable } from '../online-migration/postgres/queryable.ts';
import { readStage } from '../online-migration/observation/stage.ts';

/**
 * Adds `/status`: where the column change stands, and which column this process uses.
 *
 * @param router receives the route
 * @param change the declared change
 * @param database runs the queries of the answer
 * @param follower knows the active column
 */
export function addStatusRoute(
  router: Router,
  change: ChangedColumn,
  database: Queryable,
  follower: ActiveColumnFollower,
): void {
  router.get('/status', async (ctx) => {
    const stage = await readStage(database, change);
    const progress = await readBackfillProgress(database, change);
    const active = await follower.current();
    ctx.body = {
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
  });
}
