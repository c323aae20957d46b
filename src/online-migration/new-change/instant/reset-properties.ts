import type { ChangedColumn } from '../../change/changed-column.ts';
import { namesOf } from '../../change/names.ts';
import { TREE_OIDS } from '../../postgres/partition-tree.ts';
import type { Queryable } from '../../postgres/queryable.ts';

/** Properties that `alter column … type` resets. */
export interface ResetProperties {
  /** Statements that set the storage and the compression of the column, in the table and in its partitions. */
  readonly settings: readonly string[];
  /** The columns to analyze, quoted: the column, and all columns of the extended statistics that it is in. */
  readonly analyzed: readonly string[];
}

/** Reads the properties of a column that PostgreSQL resets when its type changes. */
export async function readResetProperties(
  database: Queryable,
  change: ChangedColumn,
): Promise<ResetProperties> {
  const { rows } = await database.query<ResetProperties>(
    `
    with tree as (${TREE_OIDS}
    )
    select
      array(
        select format('alter table only %I.%I alter column %I set %s', n.nspname, c.relname, a.attname, property.value)
        from tree
        join pg_catalog.pg_class c using (oid)
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attname = $2
        join pg_catalog.pg_type t on t.oid = a.atttypid
        cross join lateral (
          values (
            1, 'storage ' || case when a.attstorage <> t.typstorage then
              case a.attstorage when 'p' then 'plain' when 'e' then 'external' when 'm' then 'main' else 'extended' end
            end
          ), (2, 'compression ' || case a.attcompression when 'p' then 'pglz' when 'l' then 'lz4' end)
        ) as property (place, value)
        where property.value is not null
        order by c.oid <> to_regclass($1), n.nspname, c.relname, property.place
      ) as settings,
      array(
        select quote_ident(name) from (
          select $2::text as name
          union
          select a.attname
          from tree
          join pg_catalog.pg_statistic_ext s on s.stxrelid = tree.oid
          join pg_catalog.pg_depend d
            on d.classid = 'pg_statistic_ext'::regclass and d.objid = s.oid
              and d.refclassid = 'pg_class'::regclass and d.refobjid = s.stxrelid
          join pg_catalog.pg_attribute a on a.attrelid = s.stxrelid and a.attnum = d.refobjsubid
          where exists (
            select from pg_catalog.pg_depend own
            join pg_catalog.pg_attribute changed on changed.attrelid = s.stxrelid and changed.attnum = own.refobjsubid
            where own.classid = d.classid and own.objid = d.objid and own.refclassid = d.refclassid
              and own.refobjid = d.refobjid and changed.attname = $2
          )
        ) as analyzed
        order by name <> $2, name
      ) as analyzed`,
    [namesOf(change).table, change.oldColumn.name],
  );
  return rows[0]!;
}
