import type { Queryable } from '../../postgres/queryable.ts';

/**
 * Whether two values of a type can be compared in every write by the sync trigger, whose search_path contains only PostgreSQL's own schema.
 *
 * 1. A domain is compared as the type that it is made of, but PostgreSQL has no `=` for a domain over an enum. `json` is compared in its
 *    stored form, but only if it is declared itself.
 * 2. The type needs an operator `=` of PostgreSQL's own. If it has none, such as `varchar`, the one of a type to which it is cast without
 *    a function.
 * 3. PostgreSQL has `=` for all arrays and composite types, and it fails at the first values if an element or an attribute has no
 *    default operator class.
 *
 * @param type as declared, without its modifier
 * @see https://www.postgresql.org/docs/current/xindex.html
 */
export async function isComparable(database: Queryable, type: string): Promise<boolean> {
  const { rows } = await database.query<{ comparable: boolean }>(
    `
    with recursive undomained as (
      select t.* from pg_catalog.pg_type t where t.oid = $1::text::regtype
      union all
      select b.* from undomained d join pg_catalog.pg_type b on b.oid = d.typbasetype
    ), compared as (
      select * from undomained where typtype <> 'd'
    ), part (oid) as (
      select oid from compared
      union
      select inner_type.oid
      from part
      join pg_catalog.pg_type t on t.oid = part.oid
      cross join lateral (
        select t.typbasetype where t.typtype = 'd'
        union all
        select t.typelem where t.typcategory = 'A'
        union all
        select a.atttypid from pg_catalog.pg_attribute a
        where t.typtype = 'c' and a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
      ) as inner_type (oid)
    )
    select $1::text::regtype = 'json'::regtype or (
      select c.typtype in ('r', 'm', 'c') or c.typcategory = 'A' or c.oid = $1::text::regtype and c.typtype = 'e' or exists (
        select from pg_catalog.pg_operator o
        where o.oprname = '=' and o.oprnamespace = 'pg_catalog'::regnamespace and o.oprright = o.oprleft
          and (o.oprleft = c.oid or o.oprleft in (${targetsOf('c.oid')}))
      )
      from compared c
    ) and (
      select bool_and(t.oid = (select oid from compared) or t.typtype <> 'b' or t.typcategory = 'A' or exists (
        select from pg_catalog.pg_opclass class join pg_catalog.pg_am method on method.oid = class.opcmethod
        where method.amname in ('btree', 'hash') and class.opcdefault
          and (class.opcintype = t.oid or class.opcintype in (${targetsOf('t.oid')}))
      ))
      from part join pg_catalog.pg_type t using (oid)
    ) as comparable`,
    [type],
  );
  return rows[0]?.comparable ?? false;
}

/** The types as which PostgreSQL compares a type without operators of its own. */
function targetsOf(type: string): string {
  return `select b.casttarget from pg_catalog.pg_cast b where b.castsource = ${type} and b.castmethod = 'b' and b.castcontext = 'i'`;
}
