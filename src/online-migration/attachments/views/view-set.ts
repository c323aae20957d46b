import { escapeLiteral } from 'pg';

/** The beginning of the comment on a copy of a materialized view; the oid of the original follows. */
export const COPY_COMMENT = 'online-migration copy of ';

/** SQL of whether a relation is a view of the user: a view, or a materialized view that is no copy of another one. */
function isUsersView(relation: string): string {
  return (
    `${relation}.relkind in ('v', 'm') and not starts_with(` +
    `coalesce(obj_description(${relation}.oid, 'pg_class'), ''), ${escapeLiteral(COPY_COMMENT)})`
  );
}

/**
 * SQL of the oids of the views that use one of some columns, directly or through other views, as the query `view_set` of a
 * `with recursive`. `$1` is the table: schema and name, quoted; `$2` are the columns.
 */
export const VIEW_SET = `
      view_set (oid) as (
        select view.oid
        from pg_catalog.pg_attribute a
        join pg_catalog.pg_depend d
          on d.classid = 'pg_rewrite'::regclass and d.refclassid = 'pg_class'::regclass
            and d.refobjid = a.attrelid and d.refobjsubid = a.attnum
        join pg_catalog.pg_rewrite r on r.oid = d.objid
        join pg_catalog.pg_class view on view.oid = r.ev_class and ${isUsersView('view')}
        where a.attrelid = to_regclass($1) and a.attname = any ($2)
        union
        select view.oid
        from view_set
        join pg_catalog.pg_depend d
          on d.classid = 'pg_rewrite'::regclass and d.refclassid = 'pg_class'::regclass and d.refobjid = view_set.oid
        join pg_catalog.pg_rewrite r on r.oid = d.objid
        join pg_catalog.pg_class view on view.oid = r.ev_class and ${isUsersView('view')}
      )`;

/** SQL of whether the dependency `d` is that of a rule of one of these views. */
export const IN_VIEW_SET = `exists (
                select from pg_catalog.pg_rewrite r
                where d.classid = 'pg_rewrite'::regclass and r.oid = d.objid and r.ev_class in (select oid from view_set)
              )`;

/** SQL of whether the dependency `d` is that of a rule of any view or materialized view. */
export const IS_OF_VIEW = `exists (
        select from pg_catalog.pg_rewrite r
        join pg_catalog.pg_class view on view.oid = r.ev_class and view.relkind in ('v', 'm')
        where d.classid = 'pg_rewrite'::regclass and r.oid = d.objid
      )`;
