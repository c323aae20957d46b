import { escapeIdentifier } from 'pg';
import { type Obstacle, obstacle } from '../../change/obstacle.ts';
import type { Side } from '../../sync/filled-column.ts';
import type { ColumnChange } from '../../change/column-change.ts';
import { otherTypes } from '../table-column.ts';
import { isStatementsFault } from '../../postgres/database-error.ts';
import { typeValues } from '../../change/declared-type.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import { errorOf, rolledBack } from '../../postgres/rolled-back.ts';
import type { Attachments } from '../attachments.ts';
import type { ForeignKey } from '../foreign-keys.ts';
import { trialObstacles } from './trial-obstacles.ts';

/**
 * Finds foreign keys at either end of the columns on one side that cannot be carried over, an obstacle each.
 * @param side the side that has them
 */
export async function foreignKeyObstacles(
  database: Queryable,
  change: ColumnChange,
  side: Side,
  foreignKeys: Attachments['foreignKeys'],
): Promise<Obstacle[]> {
  const types = otherTypes(change, side);
  const obstacles: Obstacle[] = [];
  for (const foreignKey of foreignKeys) {
    const { name, owner, obstacle: reason } = foreignKey;
    if (reason !== null) {
      obstacles.push(
        obstacle(
          'FOREIGN_KEY_NOT_CARRIED',
          `The foreign key ${name} of ${owner} cannot go over by itself: ${reason}. Without it, nothing rejects a row that refers to ` +
            `a missing one. If that is acceptable for the time of the change, drop it, ${dropAndAdd(foreignKey)}.`,
          { foreignKey: name, table: owner, reason },
        ),
      );
    } else {
      obstacles.push(...(await typeObstacles(database, foreignKey, types)));
    }
  }
  return obstacles;
}

function dropAndAdd({ name, owner, definition, isPartitioned }: ForeignKey): string {
  const constraint = `constraint ${escapeIdentifier(name)}`;
  const put = `and put it back when the change is done, \`alter table ${owner} add ${constraint} ${definition}`;
  return (
    `\`alter table ${owner} drop ${constraint}\`, ${put}` +
    // Up to PostgreSQL 17, a partitioned table has no NOT VALID.
    (isPartitioned ? '`' : ` not valid\` and \`alter table ${owner} validate ${constraint}\``)
  );
}

async function typeObstacles(
  database: Queryable,
  { name, owner, partners, isSource, isTarget }: ForeignKey,
  types: ReadonlyMap<string, string>,
): Promise<Obstacle[]> {
  for (const { of, type: partnerType } of partners) {
    const type = types.get(of)!;
    if (await haveOneOperator(database, partnerType, type)) continue;
    const rights = await trialObstacles(database, [name]);
    if (rights.length > 0) return rights;
    const isPossible =
      (!isSource || (await canRefer(database, type, partnerType))) &&
      (!isTarget || (await canRefer(database, partnerType, type)));
    if (isPossible) continue;
    return [
      obstacle(
        'FOREIGN_KEY_NOT_COMPARABLE',
        `The foreign key ${name} of ${owner} compares it with a ${partnerType}, which is not comparable with ` +
          `${type}: change that column too, with the foreign key dropped for the time.`,
        { foreignKey: name, table: owner, partnerType, type },
      ),
    ];
  }
  return [];
}

/** The same type, or two types of one family. */
async function haveOneOperator(database: Queryable, one: string, other: string): Promise<boolean> {
  const { rows } = await database.query<{ comparable: boolean }>(
    `
    with types as (
      select $1::text::regtype as one, $2::text::regtype as other
    )
    select one = other or exists (
      select from pg_catalog.pg_operator o
      where o.oprname = '=' and o.oprcanmerge and o.oprleft = one and o.oprright = other
    ) as comparable
    from types`,
    [typeValues(one)[0], typeValues(other)[0]],
  );
  return rows[0]?.comparable ?? false;
}

/** Whether PostgreSQL makes a foreign key between two types, which can need a conversion. It tries that without rows. */
async function canRefer(database: Queryable, source: string, target: string): Promise<boolean> {
  return rolledBack(database, async () => {
    const error = await errorOf(
      database,
      `create temporary table online_migration_target (value ${target} primary key);
       create temporary table online_migration_source (value ${source} references online_migration_target)`,
      isStatementsFault,
    );
    return error === null;
  });
}
