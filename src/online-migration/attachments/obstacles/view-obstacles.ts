import { type Obstacle, obstacle } from '../../change/obstacle.ts';
import type { ColumnChange } from '../../change/column-change.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import type { Side } from '../../sync/filled-column.ts';
import type { TableColumns } from '../table-column.ts';
import { readStoredViews } from '../views/materialized-views.ts';
import { readViewsToCarry } from '../views/original-definitions.ts';
import { tryViews } from '../views/try-views.ts';
import { readViews } from '../views/views.ts';
import { remakeRights } from './remake-rights.ts';
import { trialObstacles } from './trial-obstacles.ts';
import { DROP_AND_MAKE } from './dependent-obstacles.ts';

/**
 * Finds views of the columns on one side that cannot be made anew for the other side, and rights that the migrating
 * role lacks for that, an obstacle each.
 */
export async function viewObstacles(
  database: Queryable,
  change: ColumnChange,
  side: Side,
): Promise<Obstacle[]> {
  const views = await readViewsToCarry(database, change, side);
  if (views.length === 0) return [];
  const obstacles = [
    ...views.flatMap(({ name, obstacle: reason }) => (reason === null ? [] : [notCarried(name, reason)])),
    ...(await readStoredViews(database, views)).flatMap((stored) =>
      stored.isNameTaken
        ? [
            obstacle(
              'NAME_TAKEN',
              `There is ${stored.copyName} already, and the change needs that name: rename the existing object.`,
              { taken: stored.copyName },
            ),
          ]
        : [],
    ),
    ...(await remakeRights(
      database,
      'view',
      views.map(({ oid }) => oid),
    )),
    ...(await trialObstacles(
      database,
      views.map(({ name }) => name),
    )),
  ];
  if (obstacles.length > 0) return obstacles;
  const { refused } = await tryViews(database, change, side, views);
  return refused.map(({ view, reason }) => notCarried(view, reason));
}

function notCarried(view: string, reason: string): Obstacle {
  return obstacle(
    'VIEW_NOT_CARRIED',
    `The view ${view} cannot go over by itself: ${reason}. ${DROP_AND_MAKE}`,
    { view, reason },
  );
}

/** Views of columns that are dropped with nothing to replace them, an obstacle each. */
export async function viewsOf(database: Queryable, { table, columns }: TableColumns): Promise<Obstacle[]> {
  const views = await readViews(database, { table, columns });
  const column = columns.join(' or ');
  return views.map(({ name }) =>
    obstacle(
      'DEPENDENT_OBJECT',
      `The view ${name} depends on ${column}: drop it, or let it use another column.`,
      {
        table,
        column,
        object: name,
      },
    ),
  );
}
