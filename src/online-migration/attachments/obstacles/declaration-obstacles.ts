import { type Obstacle, obstacle } from '../../change/obstacle.ts';
import { type ChangedColumn, conversionOf, isReversible } from '../../change/changed-column.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import { typeValues } from '../../change/declared-type.ts';
import { namesOf } from '../../change/names.ts';
import { isComparable } from './comparable-type.ts';

/** A timestamp with as many digits as PostgreSQL stores, so rounding changes it. */
const PROBE = '2001-02-03 04:05:06.789123';
const TIMESTAMP_TYPE = /^timestamp/i;
const PROBED_TYPE = /^(timestamp|text|varchar|char)/i;

/** Finds reasons why values of the two types cannot be kept equal in two columns, an obstacle each. */
export async function typeObstacles(database: Queryable, change: ChangedColumn): Promise<Obstacle[]> {
  const types = [...new Set([change.oldColumn.type, change.newColumn.type])];
  const obstacles: Obstacle[] = [];
  for (const type of types) {
    const [base, modifier] = typeValues(type);
    const { rows } = await database.query<{
      name: string;
      constrained: boolean;
      has_default: boolean;
    }>(
      `
      select t.oid::regtype::text as name,
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
    // Old values are compared in their stored form.
    if (type === change.newColumn.type && !(await isComparable(database, base))) {
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

/**
 * Finds directions of the conversion that would round a second's fraction without an error, an obstacle each:
 * PostgreSQL rounds values that are stored in a `timestamp(3)`. It tries the conversion with one text or timestamp
 * that has all digits.
 */
export async function precisionObstacles(database: Queryable, change: ChangedColumn): Promise<Obstacle[]> {
  const { oldColumn, newColumn } = change;
  const { forward, forwardInBulk, backward } = conversionOf(change);
  const directions: [what: string, convert: typeof forward, from: string, to: string][] = [
    ['forward', forward, oldColumn.type, newColumn.type],
  ];
  if (forwardInBulk) directions.push(['forwardInBulk', forwardInBulk, oldColumn.type, newColumn.type]);
  if (backward !== 'not reversible') directions.push(['backward', backward, newColumn.type, oldColumn.type]);
  const obstacles: Obstacle[] = [];
  for (const [what, convert, from, to] of directions) {
    if (!PROBED_TYPE.test(from) || !TIMESTAMP_TYPE.test(to) || typeValues(to)[1] === null) continue;
    const { rows } = await database.query<{ rounds: boolean }>(
      `select (${convert('value')}) is distinct from (${convert('value')})::${to} as rounds
      from (select $1::text::${from} as value) as input`,
      [PROBE],
    );
    if (!rows[0]?.rounds) continue;
    obstacles.push(
      obstacle(
        'PRECISION_LOST',
        `\`conversion.${what}\` gives values with more digits of a second than ${to} keeps, which would be rounded: ` +
          `let it give null for them, as timestampToTimestamptz and textToTimestamptzOf do if you pass the precision.`,
        { property: `conversion.${what}`, type: to },
      ),
    );
  }
  return obstacles;
}

/**
 * Finds reasons why the old column cannot be null, an obstacle each. If a change is not reversible, a row written
 * through the new column has no old value from enforce on.
 */
export async function oneWayObstacles(database: Queryable, change: ChangedColumn): Promise<Obstacle[]> {
  if (isReversible(change)) return [];
  const { oldColumn, newColumn } = change;
  const { rows } = await database.query<{ reason: string }>(
    `
    select 'is in the primary key' as reason
    from pg_catalog.pg_attribute a
    join pg_catalog.pg_index i on i.indrelid = a.attrelid and i.indisprimary and a.attnum = any (i.indkey::int2[])
    where a.attrelid = to_regclass($1) and a.attname = $2
    union all
    select 'is an identity'
    from pg_catalog.pg_attribute a
    where a.attrelid = to_regclass($1) and a.attname = $2 and a.attidentity <> ''
    union all
    select format('is in %s, for which one null is like another', i.indexrelid::regclass::text)
    from pg_catalog.pg_attribute a
    join pg_catalog.pg_index i on i.indrelid = a.attrelid and a.attnum = any (i.indkey::int2[])
    where a.attrelid = to_regclass($1) and a.attname = $2 and to_jsonb(i) ->> 'indnullsnotdistinct' = 'true'
    union all
    select format('is referenced by %I of %s', con.conname, con.conrelid::regclass::text)
    from pg_catalog.pg_attribute a
    join pg_catalog.pg_constraint con on con.contype = 'f' and con.confrelid = a.attrelid and a.attnum = any (con.confkey)
    where a.attrelid = to_regclass($1) and a.attname = $2 and con.conparentid = 0`,
    [namesOf(change).table, oldColumn.name],
  );
  return rows.map(({ reason }) =>
    obstacle(
      'NULL_OLD_VALUE_NOT_POSSIBLE',
      `${oldColumn.name} ${reason}, and in a change that is not reversible, rows written through ${newColumn.name} have no old value: ` +
        `declare \`conversion.backward\`.`,
      { column: oldColumn.name, reason },
    ),
  );
}
