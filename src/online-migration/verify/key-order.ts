import { keyColumnsOf } from '../change/changed-column.ts';
import type { ColumnChange } from '../change/column-change.ts';
import { changeNamesOf } from '../change/names.ts';
import type { Queryable } from '../postgres/queryable.ts';

/**
 * Reads the schemas of the operators by which `order by` sorts the key columns.
 *
 * A comparison without a schema is searched in the search_path. If that lacks the schema of `citext`, PostgreSQL compares the columns
 * as `text`. Their order is another one, and the rows between two batches would be left out.
 *
 * @returns a schema for each key column, quoted
 * @see https://www.postgresql.org/docs/current/xindex.html
 */
export async function readOrderSchemas(database: Queryable, change: ColumnChange): Promise<string[]> {
  const { rows } = await database.query<{ schema: string }>(
    `
    select coalesce(sorted.schema, 'pg_catalog') as schema
    from unnest($2::text[]) with ordinality as wanted (name, place)
    left join pg_catalog.pg_attribute a
      on a.attrelid = to_regclass($1) and a.attname = wanted.name and not a.attisdropped
    left join lateral (
      with recursive type as (
        select t.oid, t.typbasetype from pg_catalog.pg_type t where t.oid = a.atttypid
        union all
        select t.oid, t.typbasetype from type join pg_catalog.pg_type t on t.oid = type.typbasetype
      )
      select quote_ident(n.nspname) as schema
      from type
      join pg_catalog.pg_opclass c on c.opcintype = type.oid and c.opcdefault
      join pg_catalog.pg_am m on m.oid = c.opcmethod and m.amname = 'btree'
      join pg_catalog.pg_amop o on o.amopfamily = c.opcfamily
        and o.amoplefttype = c.opcintype and o.amoprighttype = c.opcintype and o.amopstrategy = 5
      join pg_catalog.pg_operator p on p.oid = o.amopopr
      join pg_catalog.pg_namespace n on n.oid = p.oprnamespace
      where type.typbasetype = 0
    ) as sorted on true
    order by wanted.place`,
    [changeNamesOf(change).table, keyColumnsOf(change)],
  );
  return rows.map(({ schema }) => schema);
}
