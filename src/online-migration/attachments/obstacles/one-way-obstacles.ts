import { type Obstacle, obstacle } from '../../change/obstacle.ts';
import { type ChangedColumn, isReversible } from '../../change/changed-column.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import { namesOf } from '../../change/names.ts';

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
    select format('is what %I of %s refers to', con.conname, con.conrelid::regclass::text)
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
