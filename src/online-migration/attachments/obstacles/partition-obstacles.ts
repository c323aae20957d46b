import { type Obstacle, obstacle } from '../../change/obstacle.ts';
import type { ChangedColumn } from '../../change/changed-column.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import { namesOf } from '../../change/names.ts';
import { existingFunctions } from '../../sync/conversion-functions.ts';
import { DEPENDENT_OBJECT, DROP_AND_MAKE } from './dependent-obstacles.ts';
import { keyIndexName, mirrorName, type TableColumn } from '../table-column.ts';

/**
 * Finds attachments of the column that only a partition has, an obstacle each. They would be dropped with the old
 * column, or the new column would lack them. Attachments of the partitioned table are reported only for that table.
 */
export async function partitionObstacles(
  database: Queryable,
  change: ChangedColumn,
  column: TableColumn,
): Promise<Obstacle[]> {
  return [
    ...(await dependentsOfPartitions(database, change, column)),
    ...(await propertiesOfPartitions(database, column)),
  ];
}

async function dependentsOfPartitions(
  database: Queryable,
  change: ChangedColumn,
  { table, column }: TableColumn,
): Promise<Obstacle[]> {
  const { rows } = await database.query<{
    description: string;
    partition: string;
    object: string | null;
    attached: string[];
  }>(
    `
    select distinct ${DEPENDENT_OBJECT} as description, a.attrelid::regclass::text as partition,
      case when c.relkind = 'i' then c.relname when con.contype = 'f' then con.conname end as object, array(
        select ic.relname::text
        from pg_catalog.pg_index i
        join pg_catalog.pg_class ic on ic.oid = i.indexrelid and ic.relispartition
        where i.indrelid = a.attrelid
        union all
        select f.conname::text
        from pg_catalog.pg_constraint f where f.conrelid = a.attrelid and f.contype = 'f' and f.conparentid <> 0
      ) as attached
    from pg_partition_tree(to_regclass($1)) p
    join pg_catalog.pg_attribute a on a.attrelid = p.relid and a.attname = $2
    join pg_catalog.pg_depend d
      on d.refclassid = 'pg_class'::regclass and d.refobjid = a.attrelid and d.refobjsubid = a.attnum
    left join pg_catalog.pg_class c on d.classid = 'pg_class'::regclass and c.oid = d.objid
    left join pg_catalog.pg_constraint con on d.classid = 'pg_constraint'::regclass and con.oid = d.objid
    left join pg_catalog.pg_trigger t on d.classid = 'pg_trigger'::regclass and t.oid = d.objid
    where p.level > 0
      and d.classid not in ('pg_attrdef'::regclass, 'pg_publication_rel'::regclass)
      and (c.oid is null or c.oid <> a.attrelid and not c.relispartition)
      and (con.oid is null or con.contype <> 'n' and con.coninhcount = 0 and con.conparentid = 0)
      and (t.oid is null or t.tgparentid = 0 and t.tgfoid not in ${existingFunctions('$3')})
    order by 1`,
    [table, column, namesOf(change).functions],
  );
  return rows
    .filter((row) => !isCopy(row))
    .map(({ description, partition }) =>
      obstacle(
        'PARTITION_DEPENDENT_OBJECT',
        `${description} depends on ${column} of the partition ${partition} and cannot go over by itself. ${DROP_AND_MAKE}`,
        { partition, column, object: description },
      ),
    );
}

/** Whether it is a copy that is not attached: the run was killed, or an index becomes a key. */
function isCopy({
  object,
  attached,
}: {
  readonly object: string | null;
  readonly attached: readonly string[];
}): boolean {
  return attached.some((name) => object === mirrorName(name) || object === keyIndexName(name));
}

async function propertiesOfPartitions(
  database: Queryable,
  { table, column }: TableColumn,
): Promise<Obstacle[]> {
  const { rows } = await database.query<Record<'partition' | 'property', string>>(
    `
    with of_column as (
      select p.relid, p.level, a.attnotnull, a.attacl, pg_get_expr(d.adbin, d.adrelid) as default_expression
      from pg_partition_tree(to_regclass($1)) p
      join pg_catalog.pg_attribute a on a.attrelid = p.relid and a.attname = $2
      left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    )
    select own.relid::regclass::text as partition, property.name as property
    from of_column own
    join of_column root on root.level = 0
    join lateral (
      values
        ('a NOT NULL', own.attnotnull <> root.attnotnull),
        ('a default', own.default_expression is distinct from root.default_expression),
        ('privileges', own.attacl is not null)
    ) as property (name, is_own) on property.is_own
    where own.level > 0
    order by 1, 2`,
    [table, column],
  );
  return rows.map(({ partition, property }) =>
    obstacle(
      'PARTITION_DIFFERS',
      `${column} has ${property} of its own in the partition ${partition}: make the partition as its table is.`,
      { partition, column, property },
    ),
  );
}
