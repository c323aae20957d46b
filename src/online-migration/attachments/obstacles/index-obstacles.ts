import { escapeIdentifier } from 'pg';
import type { Side } from '../../sync/filled-column.ts';
import type { ColumnChange } from '../../change/column-change.ts';
import { otherTypes } from '../table-column.ts';
import { type Obstacle, obstacle } from '../../change/obstacle.ts';
import { typeValues } from '../../change/declared-type.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import type { Attachments } from '../attachments.ts';
import type { CarriedIndex } from '../indexes.ts';
import { reasonOf, type Translations } from '../translated.ts';

/**
 * Finds indexes of the columns on one side that cannot be carried over, an obstacle each.
 * @param side the side that has them
 * @param translations the definitions for the other side; an index with a plain definition needs none
 */
export async function indexObstacles(
  database: Queryable,
  change: ColumnChange,
  side: Side,
  indexes: Attachments['indexes'],
  translations: Translations['indexes'],
): Promise<Obstacle[]> {
  const types = otherTypes(change, side);
  const obstacles: Obstacle[] = [];
  for (const index of indexes) {
    const { name, method, isPlain } = index;
    const reason = index.obstacle ?? reasonOf(translations, name);
    if (reason !== null) {
      obstacles.push(
        obstacle(
          'INDEX_NOT_CARRIED',
          `The index ${name} cannot go over by itself: ${reason}. ${remedyOf(index)}`,
          { index: name, reason },
        ),
      );
      continue;
    }
    for (const type of isPlain
      ? new Set(index.columns.flatMap((column) => types.get(column.name) ?? []))
      : []) {
      if (await canBeIndexed(database, method, type)) continue;
      obstacles.push(
        obstacle(
          'INDEX_WITHOUT_ORDER',
          `The index ${name} cannot be made for ${type}: ${method} has no order for it. ${remedyOf(index)}`,
          { index: name, method, type },
        ),
      );
    }
  }
  return obstacles;
}

/** Nobody is advised to drop an index that keeps rows unique or apart. */
function remedyOf({
  name,
  schema,
  table,
  isUnique,
  constraint,
  obstacle: reason,
  ...index
}: CarriedIndex): string {
  if (isUnique || constraint !== null || reason?.includes('exclusion')) {
    return 'It protects the rows, so do not drop it: the column cannot be changed with it.';
  }
  return (
    `Drop it for the time of the change, \`drop index concurrently ${schema}.${escapeIdentifier(name)}\`, and create its ` +
    `replacement when the change is done; it is \`create index concurrently ${escapeIdentifier(name)} on ${table} ${index.definition}\`.`
  );
}

/** Whether an access method has a default operator class for a type. */
export async function canBeIndexed(database: Queryable, method: string, type: string): Promise<boolean> {
  const { rows } = await database.query<{ possible: boolean }>(
    `
    select exists (
      select from pg_catalog.pg_opclass o
      join pg_catalog.pg_am m on m.oid = o.opcmethod
      join pg_catalog.pg_type t on t.oid = $2::text::regtype
      where m.amname = $1 and o.opcdefault and (
        o.opcintype = t.oid
        or t.typtype = 'e' and o.opcintype = 'anyenum'::regtype
        or t.typtype = 'r' and o.opcintype = 'anyrange'::regtype
        or t.typcategory = 'A' and o.opcintype = 'anyarray'::regtype
        or t.typtype = 'm' and o.opcintype = 'anymultirange'::regtype
        or t.typtype = 'c' and o.opcintype = 'record'::regtype
        or t.typtype = 'd' and o.opcintype = t.typbasetype
        or exists (
          select from pg_catalog.pg_cast c
          where c.castsource in (t.oid, t.typbasetype) and c.casttarget = o.opcintype and c.castmethod = 'b'
        )
      )
    ) as possible`,
    [method, typeValues(type)[0]],
  );
  return rows[0]?.possible ?? false;
}
