import type { Queryable } from '../../postgres/queryable.ts';
import type { Dependent } from '../planning/catalog.ts';

/** Kinds of which PostgreSQL tells the dependents: the function that finds the object, and its catalog. */
const FOUND_BY: Readonly<Record<string, readonly [find: string, catalog: string]>> = {
  OBJECT_TABLE: ['to_regclass', 'pg_class'],
  OBJECT_VIEW: ['to_regclass', 'pg_class'],
  OBJECT_SEQUENCE: ['to_regclass', 'pg_class'],
  OBJECT_MATVIEW: ['to_regclass', 'pg_class'],
  OBJECT_FOREIGN_TABLE: ['to_regclass', 'pg_class'],
  OBJECT_TYPE: ['to_regtype', 'pg_type'],
  OBJECT_DOMAIN: ['to_regtype', 'pg_type'],
};

/** Finds the dependents of objects that are no part of them; null for another kind of objects. */
export async function findDependents(
  database: Queryable,
  kind: string,
  names: readonly string[],
): Promise<readonly Dependent[] | null> {
  const found = FOUND_BY[kind];
  if (found === undefined) return null;
  const [find, catalog] = found;
  const { rows } = await database.query<Dependent>(
    `
    with dropped as (select distinct ${find}(name)::oid as oid from unnest($1::text[]) as name)
    select distinct
      pg_describe_object(d.classid, d.objid, d.objsubid) as description, n.conname as constraint,
      (select nspname from pg_catalog.pg_namespace where oid = c.relnamespace) as schema, c.relname as relation, a.attname as column
    from dropped
    join pg_catalog.pg_depend d
      on d.refclassid = 'pg_catalog.${catalog}'::regclass and d.refobjid = dropped.oid and d.deptype = 'n'
    left join pg_catalog.pg_constraint n on d.classid = 'pg_catalog.pg_constraint'::regclass and n.oid = d.objid
    left join pg_catalog.pg_rewrite r on d.classid = 'pg_catalog.pg_rewrite'::regclass and r.oid = d.objid
    left join pg_catalog.pg_attrdef v on d.classid = 'pg_catalog.pg_attrdef'::regclass and v.oid = d.objid
    left join pg_catalog.pg_class c
      on c.oid = coalesce(n.conrelid, r.ev_class, v.adrelid, case when d.classid = 'pg_catalog.pg_class'::regclass then d.objid end)
    left join pg_catalog.pg_attribute a
      on a.attrelid = c.oid and a.attnum = coalesce(v.adnum, nullif(d.objsubid, 0))
    -- Parts of the dropped objects, such as triggers and policies.
    where not exists (
      select from pg_catalog.pg_depend own
      where own.classid = d.classid and own.objid = d.objid and own.deptype <> 'n'
        and own.refclassid = d.refclassid and own.refobjid in (select oid from dropped)
    )
    order by 1`,
    [names],
  );
  return rows;
}
