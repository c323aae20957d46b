import type { Queryable } from '../postgres/queryable.ts';
import { rolledBack } from '../postgres/rolled-back.ts';
import { TREE_OIDS } from '../postgres/partition-tree.ts';
import { type PolicyConditions, readsInSubquery } from './policies.ts';
import type { TableColumns } from './table-column.ts';

/*
 * A policy of any table can read a changed column in a subquery, as for the members of a team. It cannot have a copy for the
 * other column, because the two policies would be combined. So a phase alters it, and it exists at every moment.
 */

/** A policy, of this table or another one, that reads a changed column in a subquery. */
export interface SubqueryPolicy extends PolicyConditions {
  readonly oid: string;
  /** Identifies it: `own on public.documents`, quoted. */
  readonly name: string;
  /** Its name alone, unquoted. */
  readonly policyName: string;
  /** Its table: schema and name, quoted. */
  readonly table: string;
  /** The name of its table alone, unquoted. */
  readonly relationName: string;
  /** Whether its table is the changed one. */
  readonly isOwn: boolean;
  /** Whether its table is the changed one or a partition of it, which are locked together. */
  readonly isOfTree: boolean;
  /** The tables that policies and foreign keys of its table lead to: schema and name, quoted. */
  readonly leadsTo: readonly string[];
  /** The conditions in their stored form, in which columns have numbers instead of names. */
  readonly stored: string;
  /** Whether the conditions are its original ones for the other columns, and name those. */
  readonly isOriginal?: boolean;
}

/** SQL of the conditions of the policy `p` in their stored form, shortened. */
export const STORED = `md5(concat_ws(' ', p.polqual::text, p.polwithcheck::text))`;

/**
 * SQL of the policies `p` that read columns of a table in a subquery, behind `from`.
 * @param table SQL of the table's name: schema and name, quoted
 * @param columns SQL of an array of the columns' names
 */
export function policySet(table: string, columns: string): string {
  return `pg_catalog.pg_policy p
      where ${readsInSubquery(`to_regclass(${table})`)} and exists (
        select from pg_catalog.pg_depend d
        join pg_catalog.pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid and a.attname = any (${columns})
        where d.classid = 'pg_policy'::regclass and d.objid = p.oid
          and d.refclassid = 'pg_class'::regclass and d.refobjid = to_regclass(${table})
      )`;
}

/** Reads the policies of all tables that read one of the columns in a subquery. Every name in a condition has its schema. */
export async function readSubqueryPolicies(
  database: Queryable,
  { table, columns }: TableColumns,
): Promise<SubqueryPolicy[]> {
  return rolledBack(database, async () => {
    await database.query('set local search_path = pg_catalog');
    const { rows } = await database.query<SubqueryPolicy>(
      `
      select p.oid::text as oid, format('%I on %I.%I', p.polname, n.nspname, c.relname) as name, p.polname::text as "policyName",
        format('%I.%I', n.nspname, c.relname) as table, c.relname::text as "relationName",
        p.polrelid = to_regclass($1) as "isOwn", p.polrelid in (${TREE_OIDS}) as "isOfTree", ${STORED} as stored,
        array(
          select format('%I.%I', rn.nspname, r.relname)
          from (
            select d.refobjid as oid
            from pg_catalog.pg_policy other
            join pg_catalog.pg_depend d
              on d.classid = 'pg_policy'::regclass and d.objid = other.oid and d.refclassid = 'pg_class'::regclass
            where other.polrelid = c.oid
            union
            select con.confrelid from pg_catalog.pg_constraint con where con.contype = 'f' and con.conrelid = c.oid
          ) as led
          join pg_catalog.pg_class r on r.oid = led.oid and r.oid <> c.oid
          join pg_catalog.pg_namespace rn on rn.oid = r.relnamespace
          order by 1
        ) as "leadsTo",
        pg_get_expr(p.polqual, p.polrelid) as using, pg_get_expr(p.polwithcheck, p.polrelid) as "withCheck"
      from (select p.* from ${policySet('$1', '$2')}) as p
      join pg_catalog.pg_class c on c.oid = p.polrelid
      join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      order by 2`,
      [table, columns],
    );
    return rows;
  });
}

/**
 * The tables of policies that have to be locked for them, other than the changed one, in the order of a query: a query of a
 * table locks that table first, then the tables that its policies and foreign keys lead to.
 */
export function tablesToLock(policies: readonly SubqueryPolicy[]): string[] {
  const open = new Map(policies.filter(({ isOfTree }) => !isOfTree).map((one) => [one.table, one.leadsTo]));
  const sorted: string[] = [];
  while (open.size > 0) {
    const next = [...open.keys()].find(
      (table) => ![...open].some(([other, leadsTo]) => other !== table && leadsTo.includes(table)),
    );
    // Tables that lead to each other have no order.
    const [any] = open.keys();
    const table = next ?? any!;
    open.delete(table);
    sorted.push(table);
  }
  return sorted;
}
