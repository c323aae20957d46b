import { escapeLiteral } from 'pg';
import type { ColumnChange } from '../change/column-change.ts';
import { changeNamesOf } from '../change/names.ts';
import { EMPTY_PLAN, type LockedPlan } from '../postgres/exclusive-lock.ts';
import type { Queryable } from '../postgres/queryable.ts';
import type { Side } from '../sync/filled-column.ts';
import { columnsAt, type TableColumns } from './table-column.ts';
import { columnNames, lendNames, returnNames } from './under-other-name.ts';

/** Extended statistics on a changed column and others: `create statistics`. */
export interface CarriedStatistics {
  readonly oid: string;
  /** Schema and name, quoted. */
  readonly name: string;
  /** The statement that creates them, as in the catalog. */
  readonly definition: string;
  /** Its expressions, as in the catalog; those that use a changed column and others. */
  readonly expressions: readonly string[];
  /** The changed columns that are items by themselves, unquoted. */
  readonly columns: readonly string[];
  /** Their owner, quoted. */
  readonly owner: string;
  /** The statistics target; null for the default. */
  readonly target: number | null;
  readonly comment: string | null;
}

/** Reads the extended statistics on columns. */
export async function readStatistics(
  database: Queryable,
  { table, columns }: TableColumns,
): Promise<CarriedStatistics[]> {
  const { rows } = await database.query<CarriedStatistics>(
    `
    select s.oid::text as oid, format('%I.%I', n.nspname, s.stxname) as name, pg_get_statisticsobjdef(s.oid) as definition,
      coalesce(pg_get_statisticsobjdef_expressions(s.oid), '{}') as expressions,
      array(
        select a.attname::text from pg_catalog.pg_attribute a
        where a.attrelid = s.stxrelid and a.attname = any ($2) and a.attnum = any (s.stxkeys::int2[])
      ) as columns,
      quote_ident(pg_get_userbyid(s.stxowner)) as owner, nullif(s.stxstattarget, -1)::integer as target,
      obj_description(s.oid, 'pg_statistic_ext') as comment
    from pg_catalog.pg_statistic_ext s
    join pg_catalog.pg_namespace n on n.oid = s.stxnamespace
    where s.stxrelid = to_regclass($1)
      and exists (
        select from pg_catalog.pg_depend d
        join pg_catalog.pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid and a.attname = any ($2)
        where d.classid = 'pg_statistic_ext'::regclass and d.objid = s.oid
          and d.refclassid = 'pg_class'::regclass and d.refobjid = s.stxrelid
      )
    order by 1`,
    [table, columns],
  );
  return rows;
}

/**
 * Plans how the extended statistics of one side are made anew for the other side, under their names. They are empty
 * until the next `analyze`.
 * @param from the side that has them
 */
export async function planStatistics(
  database: Queryable,
  change: ColumnChange,
  from: Side,
): Promise<LockedPlan> {
  const statistics = await readStatistics(database, columnsAt(change, from));
  if (statistics.length === 0) return EMPTY_PLAN;
  const { table } = changeNamesOf(change);
  const names = columnNames(change, from);
  return {
    statements: [
      ...lendNames(table, names),
      ...statistics.flatMap(({ name, definition, owner, target, comment }) => [
        `drop statistics ${name}`,
        definition,
        `alter statistics ${name} owner to ${owner}`,
        ...(target === null ? [] : [`alter statistics ${name} set statistics ${target}`]),
        ...(comment === null ? [] : [`comment on statistics ${name} is ${escapeLiteral(comment)}`]),
      ]),
      ...returnNames(table, names),
    ],
    furtherTables: [],
  };
}
