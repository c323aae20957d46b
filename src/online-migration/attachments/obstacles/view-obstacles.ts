import { type Obstacle, obstacle } from '../../change/obstacle.ts';
import type { ChangedColumn } from '../../change/changed-column.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import type { Side } from '../../sync/filled-column.ts';
import { columnAt, type TableColumn } from '../table-column.ts';
import { readStoredViews } from '../views/materialized-views.ts';
import { tryViews } from '../views/try-views.ts';
import { type CarriedView, readViews } from '../views/views.ts';
import { trialObstacles } from './trial-obstacles.ts';
import { DROP_AND_MAKE } from './dependent-obstacles.ts';

/**
 * Finds views of one of the two columns that cannot be made anew for the other column, and rights that the migrating
 * role lacks for that, an obstacle each.
 */
export async function viewObstacles(
  database: Queryable,
  change: ChangedColumn,
  side: Side,
): Promise<Obstacle[]> {
  const views = await readViews(database, columnAt(change, side));
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
    ...(await viewRights(database, views)),
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

/** Views of a column that is dropped with nothing to replace it, an obstacle each. */
export async function viewsOf(database: Queryable, column: TableColumn): Promise<Obstacle[]> {
  const views = await readViews(database, column);
  return views.map(({ name }) =>
    obstacle(
      'DEPENDENT_OBJECT',
      `The view ${name} depends on ${column.column}: drop it, or let it use another column.`,
      {
        table: column.table,
        column: column.column,
        object: name,
      },
    ),
  );
}

interface ViewRights {
  view: string;
  schema: string;
  owner: string;
  role: string;
  may_act: boolean;
  may_create: boolean;
  owner_may_create: boolean;
}

/** Only its owner may drop a view. The new one gets the same owner, who must be allowed to create it. */
async function viewRights(database: Queryable, views: readonly CarriedView[]): Promise<Obstacle[]> {
  const { rows } = await database.query<ViewRights>(
    `
    select format('%I.%I', n.nspname, c.relname) as view, quote_ident(n.nspname) as schema,
      quote_ident(pg_get_userbyid(c.relowner)) as owner, quote_ident(current_user) as role,
      pg_has_role(current_user, c.relowner, 'usage') and pg_has_role(
        current_user, c.relowner, case when current_setting('server_version_num')::int >= 160000 then 'SET' else 'MEMBER' end
      ) as may_act,
      has_schema_privilege(current_user, n.oid, 'create') as may_create,
      has_schema_privilege(c.relowner, n.oid, 'create') or self.rolsuper as owner_may_create
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    join pg_catalog.pg_roles self on self.rolname = current_user
    where c.oid = any ($1::oid[])
    order by 1`,
    [views.map(({ oid }) => oid)],
  );
  const unable = new Map<string, Obstacle>();
  for (const { view, schema, owner, role, may_act, may_create, owner_may_create } of rows) {
    if (!may_act) {
      unable.set(
        owner,
        obstacle(
          'OWNER_NOT_GRANTED',
          `The view ${view} belongs to ${owner}, and ${role} may not act for that role: \`grant ${owner} to ${role}\`.`,
          { view, owner, role },
        ),
      );
    }
    for (const creator of [...(may_create ? [] : [role]), ...(owner_may_create ? [] : [owner])]) {
      unable.set(
        `${creator} ${schema}`,
        obstacle(
          'CREATE_NOT_GRANTED',
          `${creator} may not create objects in the schema ${schema}, which the change needs for the view ${view}: ` +
            `\`grant create on schema ${schema} to ${creator}\`.`,
          { place: `schema ${schema}`, role: creator, objects: [view] },
        ),
      );
    }
  }
  return [...unable.values()];
}
