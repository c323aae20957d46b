import type { Queryable } from '../../postgres/queryable.ts';
import type { IndexPlace, PartitionFacts } from '../planning/catalog.ts';
import { nameOf } from '../planning/relation-names.ts';

/** Lists a table and its partitions on all levels, parents before their children. */
export async function readPartitionTree(
  database: Queryable,
  table: string,
): Promise<readonly PartitionFacts[]> {
  const { rows } = await database.query<PartitionFacts>(
    `
    with recursive tree as (
      select to_regclass($1)::oid as oid, null::oid as parent, 0 as level
      union all
      select i.inhrelid, i.inhparent, level + 1 from pg_catalog.pg_inherits i join tree on tree.oid = i.inhparent
    )
    select n.nspname as schema, c.relname as relname, format('%I.%I', n.nspname, c.relname) as name, c.relkind as kind,
      (
        select format('%I.%I', pn.nspname, p.relname)
        from pg_catalog.pg_class p join pg_catalog.pg_namespace pn on pn.oid = p.relnamespace
        where p.oid = tree.parent
      ) as parent
    from tree
    join pg_catalog.pg_class c using (oid)
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    order by level, tree.oid`,
    [table],
  );
  return rows;
}

/** The names of an index and of those of partitions that belong to it. */
export async function readIndexTree(database: Queryable, place: IndexPlace): Promise<readonly string[]> {
  const [index, values] =
    'index' in place
      ? [`to_regclass($1)`, [nameOf(place.index)]]
      : [INDEX_OF_CONSTRAINT, [nameOf(place.table), place.constraint]];
  const { rows } = await database.query<{ name: string }>(
    `select c.relname as name from pg_partition_tree(${index}) part join pg_catalog.pg_class c on c.oid = part.relid`,
    values,
  );
  return rows.map(({ name }) => name);
}

const INDEX_OF_CONSTRAINT = `(
  select conindid::regclass from pg_catalog.pg_constraint
  where conrelid = to_regclass($1) and conname = $2 and contype in ('p', 'u', 'x')
)`;
