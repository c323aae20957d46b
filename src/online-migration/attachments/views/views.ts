import type { Queryable } from '../../postgres/queryable.ts';
import { rolledBack } from '../../postgres/rolled-back.ts';
import type { TableColumns } from '../table-column.ts';
import { IN_VIEW_SET, VIEW_SET } from './view-set.ts';

/** A view that uses a changed column, or another one of these views. It is made anew for the other column. */
export interface CarriedView {
  readonly oid: string;
  readonly kind: 'view' | 'materialized view';
  /** Schema and name, quoted. */
  readonly name: string;
  /** Its name alone, unquoted. */
  readonly relationName: string;
  /** The oids of the table and of the other views that it or one of its rules uses. */
  readonly uses: readonly string[];
  /**
   * Statements that create it, its defaults, rules and triggers. Every name has its schema. A materialized view is
   * created as a plain one, to try it.
   */
  readonly definition: readonly string[];
  /** Whether the definition is its original one for the other column, and names that column. */
  readonly isOriginal?: boolean;
  /** Its owner, quoted. */
  readonly owner: string;
  /** Changes with every statement that alters it, its privileges or its comments. */
  readonly version: string;
  /** Statements that set its owner, privileges and comments. */
  readonly properties: readonly string[];
  /** The reason why it cannot be made anew; null if it can be tried. */
  readonly obstacle: string | null;
}

/** SQL of the statements that create the view `v`, its defaults, its rules and its triggers. */
export const DEFINITION = `
      array[
        format('create view %s%s as %s', v.name, case when v.relkind = 'v' then ' with (' || array_to_string(v.reloptions, ', ') || ')' end,
          regexp_replace(pg_get_viewdef(v.oid), ';$', ''))
      ]
      || array(
        select format('alter view %s alter column %I set default %s', v.name, a.attname, pg_get_expr(d.adbin, d.adrelid))
        from pg_catalog.pg_attrdef d
        join pg_catalog.pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
        where d.adrelid = v.oid
        order by a.attnum
      )
      || array(
        select pg_get_ruledef(r.oid) from pg_catalog.pg_rewrite r
        where r.ev_class = v.oid and r.rulename <> '_RETURN'
        order by r.rulename
      )
      || array(
        select pg_get_triggerdef(t.oid) from pg_catalog.pg_trigger t
        where t.tgrelid = v.oid and not t.tgisinternal
        order by t.tgname
      )`;

/** Privileges of an ACL as statements; `%s` is the object, such as `select (id) on v`. */
const GRANTS = (acl: string, columns: string) => `
        select format('grant %s on %s to %s%s', string_agg(g.privilege_type || ${columns}, ', ' order by g.place), v.name,
          case when g.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(g.grantee)) end,
          case when g.is_grantable then ' with grant option' else '' end)
        from aclexplode(${acl}) with ordinality as g (grantor, grantee, privilege_type, is_grantable, place)
        group by g.grantee, g.is_grantable
        order by min(g.place)`;

/**
 * Statements that set the privileges of the view `v`. A new view has the privileges of its creator's default
 * privileges, which are taken from it first.
 */
const PRIVILEGES = `
      array(
        select format('revoke all on %s from %s', v.name,
          case when d.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(d.grantee)) end)
        from (
          select distinct g.grantee
          from pg_catalog.pg_default_acl a
          cross join lateral aclexplode(a.defaclacl) as g
          where a.defaclobjtype = 'r' and a.defaclnamespace in (0, v.relnamespace)
            and a.defaclrole = (select oid from pg_catalog.pg_roles where rolname = current_user)
            and g.grantee not in (a.defaclrole, v.relowner)
          union all
          select v.relowner where v.relacl is not null
        ) as d
      )
      || array(${GRANTS('v.relacl', `''`)}
      )
      || array(
        select statement
        from pg_catalog.pg_attribute a
        cross join lateral (${GRANTS('a.attacl', `format(' (%I)', a.attname)`)}
        ) as of_column (statement)
        where a.attrelid = v.oid and a.attnum > 0
        order by a.attnum
      )`;

/** Statements that set the comments on the view `v`, its columns, rules and triggers. */
const COMMENTS = `
      array(
        select format('comment on %s is %L', object.name, object.comment)
        from (
          select 1 as place, v.kind || ' ' || v.name as name, obj_description(v.oid, 'pg_class') as comment
          union all
          select 1 + a.attnum, format('column %s.%I', v.name, a.attname), col_description(v.oid, a.attnum)
          from pg_catalog.pg_attribute a where a.attrelid = v.oid and a.attnum > 0
          union all
          select 2000, format('rule %I on %s', r.rulename, v.name), obj_description(r.oid, 'pg_rewrite')
          from pg_catalog.pg_rewrite r where r.ev_class = v.oid
          union all
          select 2000, format('trigger %I on %s', t.tgname, v.name), obj_description(t.oid, 'pg_trigger')
          from pg_catalog.pg_trigger t where t.tgrelid = v.oid
        ) as object
        where object.comment is not null
        order by object.place, object.name
      )`;

/** SQL of the version of the view with an oid: the transactions that wrote its rows in the catalog. */
export function versionOf(oid: string): string {
  return `(
      select md5(string_agg(written.by, ' ' order by written.by))
      from (
        select 'c' || c.xmin::text from pg_catalog.pg_class c where c.oid = ${oid}
        union all
        select 'a' || a.attnum || ' ' || a.xmin::text from pg_catalog.pg_attribute a where a.attrelid = ${oid} and a.attnum > 0
        union all
        select 'd' || d.oid || ' ' || d.xmin::text from pg_catalog.pg_attrdef d where d.adrelid = ${oid}
        union all
        select 'r' || r.oid || ' ' || r.xmin::text from pg_catalog.pg_rewrite r where r.ev_class = ${oid}
        union all
        select 't' || t.oid || ' ' || t.xmin::text from pg_catalog.pg_trigger t where t.tgrelid = ${oid}
        union all
        select 'n' || n.objsubid || ' ' || n.xmin::text from pg_catalog.pg_description n
        where n.classoid = 'pg_catalog.pg_class'::regclass and n.objoid = ${oid}
      ) as written (by)
    )`;
}

/** The reason why the view `v` cannot be made anew. */
const OBSTACLE = `
      case
        when v.relpersistence = 't' then 'it is temporary and belongs to a session: end that session'
        when exists (
          select from pg_catalog.pg_depend d
          where d.classid = 'pg_class'::regclass and d.objid = v.oid and d.deptype = 'e'
        ) then 'it belongs to an extension'
        when exists (
          select from pg_catalog.pg_seclabel l where l.classoid = 'pg_class'::regclass and l.objoid = v.oid
        ) then 'it has a security label'
        when exists (select from pg_catalog.pg_statistic_ext s where s.stxrelid = v.oid) then 'it has extended statistics'
        when exists (
          select from (
            select v.relacl as acl
            union all
            select a.attacl from pg_catalog.pg_attribute a where a.attrelid = v.oid
          ) as own
          cross join lateral aclexplode(own.acl) as g
          where g.grantor <> v.relowner
        ) then 'another role than its owner has granted privileges on it'
        else (
          select min(dependent.description) || ' depends on it'
          from (
            select pg_describe_object(d.classid, d.objid, d.objsubid) as description
            from pg_catalog.pg_depend d
            where (
                d.refclassid = 'pg_class'::regclass and d.refobjid = v.oid
                or d.refclassid = 'pg_type'::regclass and d.refobjid in (
                  select unnest(array[t.oid, t.typarray]) from pg_catalog.pg_type t where t.oid = v.reltype
                )
              )
              and d.deptype = 'n'
              and not ${IN_VIEW_SET}
              and not exists (
                select from pg_catalog.pg_trigger t
                where d.classid = 'pg_trigger'::regclass and t.oid = d.objid and t.tgrelid = v.oid
              )
          ) as dependent
        )
      end`;

/**
 * Reads the views that use one of the columns, directly or through other views. A view comes after the views that it uses. If
 * views use each other in a circle, they have an obstacle.
 */
export async function readViews(
  database: Queryable,
  { table, columns }: TableColumns,
): Promise<CarriedView[]> {
  const views = await rolledBack(database, async () => {
    // With this search_path, every name in a definition has its schema.
    await database.query('set local search_path = pg_catalog');
    const { rows } = await database.query<CarriedView>(
      `
      with recursive ${VIEW_SET}, v as (
        select c.*, format('%I.%I', n.nspname, c.relname) as name,
          case c.relkind when 'v' then 'view' else 'materialized view' end as kind
        from view_set
        join pg_catalog.pg_class c using (oid)
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      )
      select v.oid::text as oid, v.kind, v.name, v.relname as "relationName",
        array(
          select distinct d.refobjid::text
          from pg_catalog.pg_rewrite r
          join pg_catalog.pg_depend d
            on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid and d.refclassid = 'pg_class'::regclass
          where r.ev_class = v.oid and d.refobjid <> v.oid
            and (d.refobjid = to_regclass($1) or d.refobjid in (select oid from view_set))
        ) as uses, ${DEFINITION} as definition,
        ${versionOf('v.oid')} as version, quote_ident(pg_get_userbyid(v.relowner)) as owner,
        case
          when v.relowner = (select oid from pg_catalog.pg_roles where rolname = current_user) then '{}'
          else array[format('alter %s %s owner to %I', v.kind, v.name, pg_get_userbyid(v.relowner))]
        end || ${PRIVILEGES} || ${COMMENTS} as properties, ${OBSTACLE} as obstacle
      from v
      order by v.name`,
      [table, columns],
    );
    return rows;
  });
  const names = new Map(views.map(({ oid, name }) => [oid, name]));
  return inOrder(
    views.map((view) => {
      const used = view.uses.flatMap((oid) => names.get(oid) ?? []);
      if (view.kind === 'view' || used.length === 0) return view;
      return {
        ...view,
        obstacle: `it is a materialized view and uses ${used.join(', ')}, which uses the column too`,
      };
    }),
  );
}

/** Sorts each view behind the views that it uses. */
function inOrder(views: readonly CarriedView[]): CarriedView[] {
  const sorted: CarriedView[] = [];
  const open = new Map(views.map((view) => [view.oid, view]));
  while (open.size > 0) {
    const next = [...open.values()].filter(({ uses }) => !uses.some((oid) => open.has(oid)));
    if (next.length === 0) {
      const obstacle = 'it and other views use each other in a circle';
      return [...sorted, ...[...open.values()].map((view) => ({ ...view, obstacle }))];
    }
    for (const view of next) open.delete(view.oid);
    sorted.push(...next);
  }
  return sorted;
}
