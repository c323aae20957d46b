import type { ColumnChange } from '../../change/column-change.ts';
import { PACKAGE_SCHEMA } from '../../change/names.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import { rolledBack } from '../../postgres/rolled-back.ts';
import { columnsAt } from '../table-column.ts';

/*
 * A trigger can use a column in two places: in its list, `update of total`, and in its condition, `when (new.total > 0)`.
 *
 * - The list is compared with the columns that a statement sets. While the application may write either column of a pair,
 *   the list names both: a second trigger for the other column would fire a second time for a statement that sets further
 *   columns of the list.
 * - The condition reads values. An AFTER trigger sees both columns of a pair filled by the sync trigger, so the condition
 *   may use either.
 */

/** A trigger of the table that uses a changed column, on either side. */
export interface ColumnTrigger {
  readonly oid: string;
  /** Its name in the catalog. */
  readonly name: string;
  readonly isConstraint: boolean;
  readonly timing: 'before' | 'after';
  /** The events besides updates: `insert`, `delete`, `truncate`. */
  readonly otherEvents: readonly string[];
  readonly firesOnUpdate: boolean;
  /** The columns of its list, unquoted; none if every update fires it. */
  readonly listed: readonly string[];
  /** The changed columns that its condition uses, unquoted. */
  readonly tested: readonly string[];
  /** Those of them that the condition reads from the new row. */
  readonly testedInNewRow: readonly string[];
  /** Its definition behind the table's name, as in the catalog; null if PostgreSQL writes it in an unknown form. */
  readonly rest: string | null;
  /** The whole definition, as in the catalog. */
  readonly definition: string;
  /** The extension that it belongs to. */
  readonly extension: string | null;
  /** Statements that enable or disable it, in each partition, and set its comments. */
  readonly properties: readonly string[];
}

/** SQL of the columns in the condition of the trigger `t`; the stored form calls the old row 1 and the new row 2. */
const testedColumns = (rows: string) => `
      array(
        select a.attname::text from pg_catalog.pg_attribute a
        where a.attrelid = t.tgrelid and a.attname = any ($2) and t.tgqual::text ~ format(':varno ${rows} :varattno %s ', a.attnum)
        order by a.attnum
      )`;

/** SQL of the beginning of the definition of the trigger `t`, as PostgreSQL writes it. */
const HEAD = `
      format(
        'CREATE %sTRIGGER %I %s %s ON %I.%I ', case when t.tgconstraint <> 0 then 'CONSTRAINT ' end, t.tgname,
        case when t.tgtype & 2 <> 0 then 'BEFORE' else 'AFTER' end,
        array_to_string(array[
          case when t.tgtype & 4 <> 0 then 'INSERT' end,
          case when t.tgtype & 8 <> 0 then 'DELETE' end,
          case when t.tgtype & 16 <> 0 then 'UPDATE' || coalesce(' OF ' || (
            select string_agg(quote_ident(a.attname), ', ' order by place)
            from unnest(t.tgattr::int2[]) with ordinality as listed (number, place)
            join pg_catalog.pg_attribute a on a.attrelid = t.tgrelid and a.attnum = listed.number
          ), '') end,
          case when t.tgtype & 32 <> 0 then 'TRUNCATE' end
        ], ' OR '),
        n.nspname, c.relname
      )`;

/** SQL of the definition of the trigger `t` of the table `n.c` behind the table's name; null if PostgreSQL writes it otherwise. */
export const REST = `
      (
        select case when starts_with(definition, head) then substr(definition, length(head) + 1) end
        from (select pg_get_triggerdef(t.oid) as definition, ${HEAD} as head) as written
      )`;

/** SQL of the statements that set the properties of the trigger `t` after its creation; in partitions, those of its clones. */
const PROPERTIES = `
      array(
        with recursive clone as (
          select t.oid, t.tgrelid, t.tgenabled
          union all
          select g.oid, g.tgrelid, g.tgenabled from clone join pg_catalog.pg_trigger g on g.tgparentid = clone.oid
        )
        select statement
        from clone
        cross join lateral (select clone.tgrelid::regclass::text as relation) as of_clone
        cross join lateral (
          values
            (format('alter table only %s %s trigger %I', relation, case clone.tgenabled
              when 'D' then 'disable' when 'A' then 'enable always' when 'R' then 'enable replica' end, t.tgname), clone.tgenabled <> 'O'),
            (format('comment on trigger %I on %s is %L', t.tgname, relation, obj_description(clone.oid, 'pg_trigger')),
              obj_description(clone.oid, 'pg_trigger') is not null)
        ) as property (statement, is_set)
        where is_set
        order by clone.oid, statement
      )
      || array(
        select format('comment on constraint %I on %I.%I is %L', t.tgname, n.nspname, c.relname, comment)
        from obj_description(t.tgconstraint, 'pg_constraint') as comment where comment is not null
      )
      || array(
        select format('alter trigger %I on %I.%I depends on extension %I', t.tgname, n.nspname, c.relname, e.extname)
        from pg_catalog.pg_depend d
        join pg_catalog.pg_extension e on d.refclassid = 'pg_extension'::regclass and e.oid = d.refobjid
        where d.classid = 'pg_trigger'::regclass and d.objid = t.oid and d.deptype = 'x'
        order by e.extname
      )`;

/** Reads the triggers that use one of the columns of a change. Those of a single partition are not among them. */
export function readColumnTriggers(database: Queryable, change: ColumnChange): Promise<ColumnTrigger[]> {
  const { table, columns } = columnsAt(change, 'old');
  return rolledBack(database, async () => {
    // With this search_path, every name in a definition has its schema.
    await database.query('set local search_path = pg_catalog');
    const { rows } = await database.query<ColumnTrigger>(
      `
      select t.oid::text as oid, t.tgname as name, t.tgconstraint <> 0 as "isConstraint",
        case when t.tgtype & 2 <> 0 then 'before' else 'after' end as timing,
        array_remove(array[
          case when t.tgtype & 4 <> 0 then 'insert' end, case when t.tgtype & 8 <> 0 then 'delete' end,
          case when t.tgtype & 32 <> 0 then 'truncate' end
        ], null) as "otherEvents",
        t.tgtype & 16 <> 0 as "firesOnUpdate", used.listed, used.tested, ${testedColumns('2')} as "testedInNewRow",
        ${REST} as rest, pg_get_triggerdef(t.oid) as definition,
        (
          select e.extname
          from pg_catalog.pg_depend d
          join pg_catalog.pg_extension e on d.refclassid = 'pg_extension'::regclass and e.oid = d.refobjid
          where d.classid = 'pg_trigger'::regclass and d.objid = t.oid and d.deptype = 'e'
        ) as extension,
        ${PROPERTIES} as properties
      from pg_catalog.pg_trigger t
      join pg_catalog.pg_class c on c.oid = t.tgrelid
      join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      cross join lateral (
        select ${testedColumns('[12]')} as tested,
          array(
            select a.attname::text
            from unnest(t.tgattr::int2[]) with ordinality as listed (number, place)
            join pg_catalog.pg_attribute a on a.attrelid = t.tgrelid and a.attnum = listed.number
            order by place
          ) as listed
      ) as used
      where t.tgrelid = to_regclass($1) and not t.tgisinternal and t.tgparentid = 0
        and (used.tested <> '{}' or used.listed && $2::text[])
        and not exists (
          select from pg_catalog.pg_proc p
          join pg_catalog.pg_namespace pn on pn.oid = p.pronamespace
          where p.oid = t.tgfoid and pn.nspname = $3
        )
      order by t.tgname`,
      [table, [...columns, ...columnsAt(change, 'new').columns], PACKAGE_SCHEMA],
    );
    return rows;
  });
}
