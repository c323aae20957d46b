import { type Obstacle, obstacle } from '../../change/obstacle.ts';
import { typeValues } from '../../change/declared-type.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import type { Attachments } from '../attachments.ts';
import { DROP_AND_MAKE } from './dependent-obstacles.ts';

/**
 * Finds foreign keys at either end of a column that cannot be carried over, an obstacle each.
 * @param type the type of the column that gets them
 */
export async function foreignKeyObstacles(
  database: Queryable,
  foreignKeys: Attachments['foreignKeys'],
  type: string,
): Promise<Obstacle[]> {
  const obstacles: Obstacle[] = [];
  for (const { name, owner, obstacle: reason, partnerTypes } of foreignKeys) {
    const partnerType = await firstIncomparable(database, partnerTypes, type);
    if (reason !== null) {
      obstacles.push(
        obstacle(
          'FOREIGN_KEY_NOT_CARRIED',
          `The foreign key ${name} of ${owner} cannot go over by itself: ${reason}. ${DROP_AND_MAKE}`,
          { foreignKey: name, table: owner, reason },
        ),
      );
    } else if (partnerType !== undefined) {
      obstacles.push(
        obstacle(
          'FOREIGN_KEY_NOT_COMPARABLE',
          `The foreign key ${name} of ${owner} compares it with a ${partnerType}, which is not comparable with ` +
            `${type}: change that column too, with the foreign key dropped for the time.`,
          { foreignKey: name, table: owner, partnerType, type },
        ),
      );
    }
  }
  return obstacles;
}

async function firstIncomparable(
  database: Queryable,
  partnerTypes: readonly string[],
  type: string,
): Promise<string | undefined> {
  for (const partner of partnerTypes) {
    const { rows } = await database.query<{ comparable: boolean }>(
      `
      with types as (
        select
          case when $1::text::regtype = 'varchar'::regtype then 'text'::regtype else $1::text::regtype end as one,
          case when $2::text::regtype = 'varchar'::regtype then 'text'::regtype else $2::text::regtype end as other
      )
      select one = other or exists (
        select from pg_catalog.pg_operator o
        where o.oprname = '=' and o.oprcanmerge and o.oprleft = one and o.oprright = other
      ) as comparable
      from types`,
      [typeValues(partner)[0], typeValues(type)[0]],
    );
    if (!rows[0]?.comparable) return partner;
  }
  return undefined;
}
