import { escapeIdentifier } from 'pg';
import type { Queryable } from '../postgres/queryable.ts';
import type { TableColumns } from './table-column.ts';

/** The two conditions of a row level security policy, as in the catalog; null for none. */
export interface PolicyConditions {
  readonly using: string | null;
  readonly withCheck: string | null;
}

/** A policy of the table that uses a changed column of the row itself. It cannot have a copy: the two would be combined. */
export interface CarriedPolicy extends PolicyConditions {
  readonly name: string;
}

/**
 * SQL of whether a condition of the policy `p` reads a table in a subquery. The dependencies of a policy do not tell the
 * table's columns in a subquery from those of the row itself.
 * @param table SQL of the table's oid
 */
export function readsInSubquery(table: string): string {
  return `strpos(concat_ws(' ', p.polqual::text, p.polwithcheck::text), format(':relid %s ', ${table}::oid)) > 0`;
}

/** Reads the table's policies that use one of the columns, and do not read the table in a subquery. */
export async function readPolicies(
  database: Queryable,
  { table, columns }: TableColumns,
): Promise<CarriedPolicy[]> {
  const { rows } = await database.query<CarriedPolicy>(
    `
    select p.polname as name, pg_get_expr(p.polqual, p.polrelid) as using, pg_get_expr(p.polwithcheck, p.polrelid) as "withCheck"
    from pg_catalog.pg_policy p
    where p.polrelid = to_regclass($1) and not ${readsInSubquery('p.polrelid')}
      and exists (
        select from pg_catalog.pg_depend d
        join pg_catalog.pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid and a.attname = any ($2)
        where d.classid = 'pg_policy'::regclass and d.objid = p.oid
          and d.refclassid = 'pg_class'::regclass and d.refobjid = p.polrelid
      )
    order by p.polname`,
    [table, columns],
  );
  return rows;
}

/** The statement that gives a policy other conditions. Its roles and its command stay. */
export function policyStatement(table: string, name: string, { using, withCheck }: PolicyConditions): string {
  return `alter policy ${escapeIdentifier(name)} on ${table}${conditionClauses({ using, withCheck })}`;
}

/** The conditions that a policy has: one or two. */
export function conditionsOf({ using, withCheck }: PolicyConditions): string[] {
  return [using, withCheck].filter((condition) => condition !== null);
}

/** ` using (…) with check (…)`. */
export function conditionClauses({ using, withCheck }: PolicyConditions): string {
  return (
    (using === null ? '' : ` using (${using})`) + (withCheck === null ? '' : ` with check (${withCheck})`)
  );
}
