import { type Obstacle, obstacle } from '../../change/obstacle.ts';
import type { Queryable } from '../../postgres/queryable.ts';

interface Rights {
  name: string;
  schema: string;
  owner: string;
  role: string;
  may_act: boolean;
  may_create: boolean;
  owner_may_create: boolean;
}

/** The rows of the kinds of objects, with the same columns. */
const OBJECTS = {
  view: `select oid, relname as name, relnamespace as schema, relowner as owner from pg_catalog.pg_class`,
  'statistics object': `select oid, stxname as name, stxnamespace as schema, stxowner as owner from pg_catalog.pg_statistic_ext`,
} as const;

/**
 * Finds rights that the migrating role lacks to drop objects and to make them anew, an obstacle each. Only its owner may
 * drop an object. The new one gets the same owner, who must be allowed to create it.
 */
export async function remakeRights(
  database: Queryable,
  kind: keyof typeof OBJECTS,
  oids: readonly string[],
): Promise<Obstacle[]> {
  if (oids.length === 0) return [];
  const { rows } = await database.query<Rights>(
    `
    select format('%I.%I', n.nspname, o.name) as name, quote_ident(n.nspname) as schema,
      quote_ident(pg_get_userbyid(o.owner)) as owner, quote_ident(current_user) as role,
      pg_has_role(current_user, o.owner, 'usage') and pg_has_role(
        current_user, o.owner, case when current_setting('server_version_num')::int >= 160000 then 'SET' else 'MEMBER' end
      ) as may_act,
      has_schema_privilege(current_user, n.oid, 'create') as may_create,
      has_schema_privilege(o.owner, n.oid, 'create') or self.rolsuper as owner_may_create
    from (${OBJECTS[kind]}) as o
    join pg_catalog.pg_namespace n on n.oid = o.schema
    join pg_catalog.pg_roles self on self.rolname = current_user
    where o.oid = any ($1::oid[])
    order by 1`,
    [oids],
  );
  const unable = new Map<string, Obstacle>();
  for (const { name, schema, owner, role, may_act, may_create, owner_may_create } of rows) {
    if (!may_act) {
      unable.set(
        owner,
        obstacle(
          'OWNER_NOT_GRANTED',
          `The ${kind} ${name} belongs to ${owner}, and ${role} may not act for that role: \`grant ${owner} to ${role}\`.`,
          { object: name, owner, role },
        ),
      );
    }
    for (const creator of [...(may_create ? [] : [role]), ...(owner_may_create ? [] : [owner])]) {
      unable.set(
        `${creator} ${schema}`,
        obstacle(
          'CREATE_NOT_GRANTED',
          `${creator} may not create objects in the schema ${schema}, which the change needs for the ${kind} ${name}: ` +
            `\`grant create on schema ${schema} to ${creator}\`.`,
          { place: `schema ${schema}`, role: creator, objects: [name] },
        ),
      );
    }
  }
  return [...unable.values()];
}
