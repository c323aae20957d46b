import type { RangeVar } from 'libpg-query';
import type { Queryable } from '../../postgres/queryable.ts';
import { nameOf } from '../planning/relation-names.ts';
import type { TableFacts } from '../planning/table-facts.ts';

/** Reads a table's facts; null if it does not exist. */
export async function readTable(database: Queryable, relation: RangeVar): Promise<TableFacts | null> {
  const { rows } = await database.query<TableFacts>(
    `
    with recursive part (oid) as (
      select to_regclass($1)::oid
      -- Partitions, and tables that inherit.
      union select i.inhrelid from pg_catalog.pg_inherits i join part on part.oid = i.inhparent
    ), member as (
      select c.oid, c.reltuples, c.relpages from part join pg_catalog.pg_class c using (oid) where c.relkind in ('r', 'm')
    ), size as (
      select coalesce(sum(pg_relation_size(oid)), 0)::float8 as bytes,
        -- A table that was never analyzed has no estimate. Small rows are the safe one. PostgreSQL, too, takes a table that has grown
        -- since for one with as many rows on a page.
        coalesce(sum(
          case when reltuples < 0 or relpages = 0 then pg_relation_size(oid) / 100.0
            else reltuples / relpages * (pg_relation_size(oid) / current_setting('block_size')::int) end
        ), 0)::float8 as rows
      from member
    )
    select format('%I.%I', n.nspname, c.relname) as name, format('%I.%I', n.nspname, c.relname) as "inCatalog", n.nspname as schema, c.relname as relname, c.relkind as kind, 
      -- Somebody may read a materialized view of no rows.
      size.bytes = 0 and not (c.relkind = 'm' and c.relispopulated) as "isEmpty", size.rows, size.bytes,
      coalesce(
        (
          select jsonb_object_agg(
            a.attname,
            jsonb_strip_nulls(jsonb_build_object(
              'notNull', a.attnotnull and n.conname is null, 'notValid', n.conname, 'type', format_type(a.atttypid, a.atttypmod)
            ))
          )
          from pg_catalog.pg_attribute a
          left join pg_catalog.pg_constraint n
            on n.conrelid = a.attrelid and n.contype = 'n' and a.attnum = any (n.conkey) and not n.convalidated
          where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        ),
        '{}'
      ) as columns
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    cross join size
    where c.oid = to_regclass($1)`,
    [nameOf(relation)],
  );
  return rows[0] ?? null;
}
