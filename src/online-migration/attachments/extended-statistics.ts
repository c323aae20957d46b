import { escapeLiteral } from 'pg';
import type { ChangedColumn } from '../change/changed-column.ts';
import { namesOf } from '../change/names.ts';
import { EMPTY_PLAN, type LockedPlan } from '../postgres/exclusive-lock.ts';
import type { Queryable } from '../postgres/queryable.ts';
import type { Side } from '../sync/filled-column.ts';
import { columnAt, type TableColumn } from './table-column.ts';
import { columnNames, lendName, returnName } from './under-other-name.ts';

/** Extended statistics on a column and others: `create statistics`. */
export interface CarriedStatistics {
  readonly oid: string;
  /** Schema and name, quoted. */
  readonly name: string;
  /** The statement that creates them, as in the catalog. */
  readonly definition: string;
  /** Its expressions, as in the catalog; those that use the column and others. */
  readonly expressions: readonly string[];
  /** Whether the column itself is one of the items. */
  readonly hasColumn: boolean;
  /** Their owner, quoted. */
  readonly owner: string;
  /** The statistics target; null for the default. */
  readonly target: number | null;
  readonly comment: string | null;
}

/** Reads the extended statistics on a column. */
export async function readStatistics(
  database: Queryable,
  { table, column }: TableColumn,
): Promise<CarriedStatistics[]> {
  const { rows } = await database.query<CarriedStatistics>(
    `
    select s.oid::text as oid, format('%I.%I', n.nspname, s.stxname) as name, pg_get_statisticsobjdef(s.oid) as definition,
      coalesce(pg_get_statisticsobjdef_expressions(s.oid), '{}') as expressions,
      a.attnum = any (s.stxkeys::int2[]) as "hasColumn",
      quote_ident(pg_get_userbyid(s.stxowner)) as owner, nullif(s.stxstattarget, -1)::integer as target,
      obj_description(s.oid, 'pg_statistic_ext') as comment
    from pg_catalog.pg_attribute a
    join pg_catalog.pg_statistic_ext s on s.stxrelid = a.attrelid
    join pg_catalog.pg_namespace n on n.oid = s.stxnamespace
    where a.attrelid = to_regclass($1) and a.attname = $2
      and exists (
        select from pg_catalog.pg_depend d
        where d.classid = 'pg_statistic_ext'::regclass and d.objid = s.oid
          and d.refclassid = 'pg_class'::regclass and d.refobjid = a.attrelid and d.refobjsubid = a.attnum
      )
    order by 1`,
    [table, column],
  );
  return rows;
}

/**
 * Plans how the extended statistics of one column are made anew for the other column, under their names. They are empty
 * until the next `analyze`.
 * @param from the column that has them
 */
export async function planStatistics(
  database: Queryable,
  change: ChangedColumn,
  from: Side,
): Promise<LockedPlan> {
  const statistics = await readStatistics(database, columnAt(change, from));
  if (statistics.length === 0) return EMPTY_PLAN;
  const { table } = namesOf(change);
  const names = columnNames(change, from);
  return {
    statements: [
      ...lendName(table, names),
      ...statistics.flatMap(({ name, definition, owner, target, comment }) => [
        `drop statistics ${name}`,
        definition,
        `alter statistics ${name} owner to ${owner}`,
        ...(target === null ? [] : [`alter statistics ${name} set statistics ${target}`]),
        ...(comment === null ? [] : [`comment on statistics ${name} is ${escapeLiteral(comment)}`]),
      ]),
      ...returnName(table, names),
    ],
    furtherTables: [],
  };
}
