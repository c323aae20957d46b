import { type Obstacle, obstacle } from '../../change/obstacle.ts';
import type { ChangedColumn } from '../../change/changed-column.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import { typeValues } from '../../change/declared-type.ts';

/** Finds reasons why values of the two types cannot be kept equal in two columns, an obstacle each. */
export async function typeObstacles(database: Queryable, change: ChangedColumn): Promise<Obstacle[]> {
  const types = [...new Set([change.oldColumn.type, change.newColumn.type])];
  const obstacles: Obstacle[] = [];
  for (const type of types) {
    const [base, modifier] = typeValues(type);
    const { rows } = await database.query<{
      name: string;
      comparable: boolean;
      constrained: boolean;
      has_default: boolean;
    }>(
      `
      select t.oid::regtype::text as name,
        t.typtype in ('e', 'r', 'm', 'c', 'd') or t.typcategory = 'A'
        or exists (
          select from pg_catalog.pg_operator o
          where o.oprname = '=' and o.oprnamespace = 'pg_catalog'::regnamespace and o.oprright = o.oprleft and o.oprleft in (
            t.oid, (select c.casttarget from pg_catalog.pg_cast c where c.castsource = t.oid and c.castmethod = 'b' limit 1)
          )
        ) as comparable,
        t.typtype = 'd' and (
          t.typnotnull or exists (select from pg_catalog.pg_constraint c where c.contypid = t.oid)
        ) as constrained,
        t.typdefault is not null as has_default
      from pg_catalog.pg_type t
      where t.oid = $1::text::regtype`,
      [base],
    );
    const found = rows[0];
    if (found === undefined) continue;
    // The sync trigger compares them in every write, and its search_path contains only PostgreSQL's own schema.
    if (!found.comparable) {
      obstacles.push(
        obstacle(
          'TYPE_NOT_COMPARABLE',
          `Values of type ${type} cannot be compared with PostgreSQL's own \`=\`.`,
          { type },
        ),
      );
    }
    if (found.constrained) {
      obstacles.push(
        obstacle(
          'DOMAIN_CONSTRAINED',
          `${type} is a domain with constraints, for which the table would be rewritten under the lock.`,
          { type },
        ),
      );
    }
    if (found.has_default) {
      obstacles.push(
        obstacle(
          'TYPE_HAS_DEFAULT',
          `${type} has a default, which every row would get that is written through the other column: drop it from the type.`,
          { type },
        ),
      );
    }
    const full = fullType(found.name, modifier);
    if (full !== null) {
      obstacles.push(
        obstacle('TYPE_NOT_WRITTEN_IN_FULL', `The catalog writes ${type} as ${full}: declare it so.`, {
          type,
          full,
        }),
      );
    }
  }
  return obstacles;
}

/** The full spelling of a type whose modifier the catalog completes; null if it is complete. */
function fullType(name: string, modifier: string | null): string | null {
  if (name === 'numeric' && modifier !== null && !modifier.includes(',')) return `numeric(${modifier},0)`;
  if (['character', 'bit'].includes(name) && modifier === null) return `${name}(1)`;
  return null;
}
