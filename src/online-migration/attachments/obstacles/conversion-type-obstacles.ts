import { type Obstacle, obstacle } from '../../change/obstacle.ts';
import { type ChangedColumn, conversionOf, DECLARED_AS } from '../../change/changed-column.ts';
import type { Conversion } from '../../change/column-change.ts';
import { typeValues } from '../../change/declared-type.ts';
import type { Queryable } from '../../postgres/queryable.ts';

type Expression = readonly [
  property: 'forward' | 'forwardInBulk' | 'backward',
  convert: Conversion['forward'],
  from: 'oldColumn' | 'newColumn',
  to: 'oldColumn' | 'newColumn',
];

/**
 * Finds expressions of the conversion that do not have the declared type, an obstacle each. PostgreSQL would cast their
 * values when they are stored: a `numeric` that goes into an `integer` is rounded, and a `timestamptz` that goes into
 * a `date` loses its time of day.
 */
export async function conversionTypeObstacles(
  database: Queryable,
  change: ChangedColumn,
): Promise<Obstacle[]> {
  const { forward, forwardInBulk, backward } = conversionOf(change);
  const expressions: Expression[] = [
    ['forward', forward, 'oldColumn', 'newColumn'],
    ...(forwardInBulk
      ? [['forwardInBulk', forwardInBulk, 'oldColumn', 'newColumn'] satisfies Expression]
      : []),
    ...(backward === 'not reversible'
      ? []
      : [['backward', backward, 'newColumn', 'oldColumn'] satisfies Expression]),
  ];
  const obstacles: Obstacle[] = [];
  for (const [name, convert, from, to] of expressions) {
    const { type } = change[to];
    const found = await otherTypeOf(database, convert, change[from].type, type);
    if (found === null) continue;
    const property = `conversion.${name}`;
    const declaredAs = `${DECLARED_AS[to]}.type`;
    obstacles.push(
      obstacle(
        'CONVERSION_TYPE_DIFFERS',
        `\`${property}\` gives values of type ${found}, and \`${declaredAs}\` is ${type}, so PostgreSQL could change values when ` +
          `they are stored: correct \`${declaredAs}\`, use another conversion, or let the expression check each value and cast it ` +
          `to ${type}.`,
        { property, found, declared: type },
      ),
    );
  }
  return obstacles;
}

/**
 * The type of an expression; null if each of its values is also a value of the declared type: the same type, a domain of
 * it, a type with the same stored form (`text` and `varchar`), or an integer with fewer digits.
 */
async function otherTypeOf(
  database: Queryable,
  convert: Conversion['forward'],
  from: string,
  to: string,
): Promise<string | null> {
  // The subquery has no rows, so nothing is converted.
  const { rows } = await database.query<{ found: string }>(
    `
    with recursive domain (side, oid) as (
      select 'given', pg_typeof((
        select (${convert('value')}) from (select null::${from} as value offset 0) as input where false
      ))::oid
      union all
      select 'declared', $1::text::regtype::oid
      union all
      select d.side, t.typbasetype
      from domain d
      join pg_catalog.pg_type t on t.oid = d.oid and t.typtype = 'd'
    ), base as (
      select d.side, t.oid from domain d join pg_catalog.pg_type t on t.oid = d.oid and t.typtype <> 'd'
    )
    select format_type(given.oid, null) as found
    from base given
    join base declared on declared.side = 'declared'
    where given.side = 'given' and given.oid <> declared.oid
      and not exists (
        select from pg_catalog.pg_cast c
        where c.castsource = given.oid and c.casttarget = declared.oid and c.castcontext = 'i' and c.castmethod = 'b'
      )
      and (given.oid, declared.oid) not in (
        ('int2'::regtype, 'int4'::regtype), ('int2'::regtype, 'int8'::regtype), ('int4'::regtype, 'int8'::regtype),
        ('int2'::regtype, 'numeric'::regtype), ('int4'::regtype, 'numeric'::regtype), ('int8'::regtype, 'numeric'::regtype)
      )`,
    [typeValues(to)[0]],
  );
  return rows[0]?.found ?? null;
}
