import { escapeIdentifier } from 'pg';
import type { Queryable } from '../postgres/queryable.ts';
import type { ColumnFacts, TableFacts } from './table-facts.ts';
import type { TestedCheck } from './new-change.ts';

/** Extensions and functions that the indexes and the defaults of columns use, with statements that create them. */
export async function objectSetup(
  database: Queryable,
  { schema, name }: TableFacts,
  columns: readonly ColumnFacts[],
): Promise<string[]> {
  const { rows } = await database.query<{ statement: string }>(
    `
    with used as (
      select 'pg_opclass'::regclass as classid, o.opclass as objid
      from pg_catalog.pg_index i
      join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attname = any ($2) and a.attnum = any (i.indkey::int2[])
      cross join unnest(i.indclass::oid[]) as o (opclass)
      where i.indrelid = to_regclass($1)
      union
      select d.refclassid, d.refobjid
      from pg_catalog.pg_attrdef def
      join pg_catalog.pg_attribute a on a.attrelid = def.adrelid and a.attnum = def.adnum and a.attname = any ($2)
      join pg_catalog.pg_depend d on d.classid = 'pg_attrdef'::regclass and d.objid = def.oid and d.refclassid = 'pg_proc'::regclass
      where def.adrelid = to_regclass($1)
    ), extension as (
      select distinct x.extname, n.nspname
      from used u
      join pg_catalog.pg_depend d
        on d.classid = u.classid and d.objid = u.objid and d.deptype = 'e' and d.refclassid = 'pg_extension'::regclass
      join pg_catalog.pg_extension x on x.oid = d.refobjid
      join pg_catalog.pg_namespace n on n.oid = x.extnamespace
    ), own_function as (
      select distinct n.nspname, p.oid
      from used u
      join pg_catalog.pg_proc p on u.classid = 'pg_proc'::regclass and p.oid = u.objid
      join pg_catalog.pg_namespace n on n.oid = p.pronamespace and n.nspname <> 'pg_catalog'
      where not exists (
        select from pg_catalog.pg_depend d where d.classid = u.classid and d.objid = u.objid and d.deptype = 'e'
      )
    )
    select statement from (
      select 1 as place, format('create schema if not exists %I', nspname) as statement from extension
      union
      select 2, format('create extension if not exists %I schema %I', extname, nspname) from extension
      union
      select 3, format('create schema if not exists %I', nspname) from own_function
      union
      select 4, pg_get_functiondef(oid) from own_function
    ) as statements
    order by place, statement`,
    [`${escapeIdentifier(schema)}.${escapeIdentifier(name)}`, columns.map((column) => column.name)],
  );
  return rows.map(({ statement }) => statement);
}

/**
 * Parts of a table that its generated test does not have, each with its name: `the policy tenants`.
 * @param checks the checks that it has
 */
export async function partsWithoutTest(
  database: Queryable,
  { schema, name }: TableFacts,
  checks: readonly TestedCheck[],
): Promise<string[]> {
  const { rows } = await database.query<{ part: string }>(
    `
    with own as (select to_regclass($1)::oid as oid)
    select part from (
      select 1 as place, 'its partitions' as part from own join pg_catalog.pg_class c using (oid) where c.relkind = 'p'
      union all
      select 2, format('the trigger %s, whose function may use other tables', t.tgname) from own join pg_catalog.pg_trigger t on t.tgrelid = own.oid
      where not t.tgisinternal
      union all
      select 3, format('the foreign key %s of %s', con.conname, con.conrelid::regclass)
      from own join pg_catalog.pg_constraint con on con.contype = 'f' and own.oid in (con.conrelid, con.confrelid) and con.conparentid = 0
      union all
      select 4, format('the check %s', con.conname) from own join pg_catalog.pg_constraint con on con.conrelid = own.oid
      where con.contype = 'c' and con.conname <> all ($2)
      union all
      select 5, format('the index %s', i.indexrelid::regclass) from own join pg_catalog.pg_index i on i.indrelid = own.oid
      where i.indpred is not null or i.indexprs is not null
      union all
      select 6, format('the policy %s', p.polname) from own join pg_catalog.pg_policy p on p.polrelid = own.oid
    ) as parts
    order by place, part`,
    [`${escapeIdentifier(schema)}.${escapeIdentifier(name)}`, checks.map((check) => check.name)],
  );
  return rows.map(({ part }) => part);
}
