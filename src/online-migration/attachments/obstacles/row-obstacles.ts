import { type Obstacle, obstacle } from '../../change/obstacle.ts';
import type { ChangedColumn } from '../../change/changed-column.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import { namesOf } from '../../change/names.ts';
import { ROW_TYPE_OIDS, TREE_OIDS } from '../../postgres/table-tree.ts';

/** Finds columns and types elsewhere that store rows of the table, and the type of a typed table, an obstacle each. */
export async function rowTypeObstacles(database: Queryable, change: ChangedColumn): Promise<Obstacle[]> {
  const { table, oldColumn } = namesOf(change);
  const { rows } = await database.query<Record<'place' | 'type', string> & { is_typed_table: boolean }>(
    `
    with row_type as (${ROW_TYPE_OIDS}
    )
    select format('The column %I of %s', a.attname, c.oid::regclass) as place,
      format_type(a.atttypid, null) as type, false as is_typed_table
    from pg_catalog.pg_attribute a
    join pg_catalog.pg_class c on c.oid = a.attrelid
    where a.atttypid in (select oid from row_type) and a.attnum > 0 and not a.attisdropped
      and c.relkind in ('r', 'p', 'm', 'f', 'c')
    union all
    select format('The domain %s', t.oid::regtype), format_type(t.typbasetype, null), false
    from pg_catalog.pg_type t
    where t.typtype = 'd' and t.typbasetype in (select oid from row_type)
    union all
    select format('The range type %s', r.rngtypid::regtype), format_type(r.rngsubtype, null), false
    from pg_catalog.pg_range r
    where r.rngsubtype in (select oid from row_type)
    union all
    select c.oid::regclass::text, c.reloftype::regtype::text, true
    from pg_catalog.pg_class c
    where c.oid in (${TREE_OIDS}) and c.reloftype <> 0
    order by 1`,
    [table],
  );
  return rows.map(({ place, type, is_typed_table: isTypedTable }) =>
    isTypedTable
      ? obstacle(
          'TYPED_TABLE',
          `${place} is a typed table and has the columns of ${type} alone: \`alter table ${place} not of\`.`,
          { table: place, type },
        )
      : obstacle(
          'ROWS_STORED_ELSEWHERE',
          `${place} is of the type ${type}, the table's rows: dropping ${oldColumn} would take its value from the rows that are ` +
            `stored there. Store the columns one by one instead, and drop it.`,
          { place, type },
        ),
  );
}
