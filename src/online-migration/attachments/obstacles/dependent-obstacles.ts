import { type Obstacle, obstacle } from '../../change/obstacle.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import type { TableColumn } from '../table-column.ts';
import { IS_OF_VIEW } from '../views/view-set.ts';

/** The remedy for an object that cannot be carried over. */
export const DROP_AND_MAKE = 'Drop it, and create its replacement when the change is done.';

/**
 * SQL that describes the object to drop of the dependency `d`: the view, not its rule; the generated column, not its
 * expression.
 */
export const DEPENDENT_OBJECT = `coalesce(
      case d.classid
        when 'pg_rewrite'::regclass then (
          select pg_describe_object('pg_class'::regclass, r.ev_class, 0)
          from pg_catalog.pg_rewrite r where r.oid = d.objid and r.rulename = '_RETURN'
        )
        when 'pg_attrdef'::regclass then (
          select pg_describe_object('pg_class'::regclass, x.adrelid, x.adnum) from pg_catalog.pg_attrdef x where x.oid = d.objid
        )
      end,
      pg_describe_object(d.classid, d.objid, d.objsubid)
    )`;

/** SQL of the definition of the rule with an oid, in one line for a message. */
export function ruleDefinition(oid: string): string {
  return `rtrim(regexp_replace(pg_get_ruledef(${oid}), '\\n\\s*', ' ', 'g'), '; ')`;
}

/**
 * Finds dependents of one of the two columns that neither belong to the package nor are carried over, an obstacle
 * each. Views, triggers, policies and generated columns have obstacles of their own.
 */
export async function dependentObstacles(
  database: Queryable,
  { table, column }: TableColumn,
): Promise<Obstacle[]> {
  const { rows } = await database.query<{ description: string; rule: string | null; drop: string | null }>(
    `
    select distinct ${DEPENDENT_OBJECT} as description, ${ruleDefinition('r.oid')} as rule,
      format('drop rule %I on %s', r.rulename, r.ev_class::regclass) as drop
    from pg_catalog.pg_attribute a
    join pg_catalog.pg_depend d
      on d.refclassid = 'pg_class'::regclass and d.refobjid = a.attrelid and d.refobjsubid = a.attnum
    left join pg_catalog.pg_class c on d.classid = 'pg_class'::regclass and c.oid = d.objid
    left join pg_catalog.pg_constraint con on d.classid = 'pg_constraint'::regclass and con.oid = d.objid
    left join pg_catalog.pg_attrdef def on d.classid = 'pg_attrdef'::regclass and def.oid = d.objid
    left join pg_catalog.pg_rewrite r on d.classid = 'pg_rewrite'::regclass and r.oid = d.objid
    where a.attrelid = to_regclass($1) and a.attname = $2
      and d.classid not in (
        'pg_statistic_ext'::regclass, 'pg_trigger'::regclass, 'pg_publication_rel'::regclass, 'pg_policy'::regclass
      )
      and coalesce(c.relkind, ' ') not in ('i', 'I', 'S')
      and coalesce(con.contype, ' ') not in ('p', 'u', 'f', 'n', 'x')
      and (coalesce(con.contype, ' ') <> 'c' or con.conrelid <> a.attrelid)
      and def.oid is null
      -- Up to PostgreSQL 14, a generated column depends as a part of the table itself.
      and (c.oid is null or c.oid <> a.attrelid)
      and not ${IS_OF_VIEW}
    order by 1`,
    [table, column],
  );
  return rows.map(({ description, rule, drop }) =>
    obstacle(
      'DEPENDENT_OBJECT',
      `${description} depends on ${column} and cannot go over by itself. ` +
        (drop === null
          ? DROP_AND_MAKE
          : `Drop it, \`${drop}\`, and create it again when the change is done: \`${rule}\`.`),
      {
        table,
        column,
        object: description,
        ...(drop === null ? {} : { statement: drop, definition: rule }),
      },
    ),
  );
}
