import { escapeLiteral } from 'pg';
import type { ColumnChange } from '../change/column-change.ts';
import { changeNamesOf } from '../change/names.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { packageTableExists } from './package-table.ts';

/** A constraint that a phase has added again as NOT VALID, and has to validate. */
export interface Unvalidated {
  /** Its table: schema and name, quoted. */
  readonly owner: string;
  /** Its name in the catalog. */
  readonly name: string;
}

/** The statement that records a constraint. It runs in the transaction that adds the constraint. */
export function recordUnvalidatedStatement(change: ColumnChange, { owner, name }: Unvalidated): string {
  const values = [changeNamesOf(change).change, owner, name].map((value) => escapeLiteral(value));
  return `insert into online_migration.unvalidated (change, owner, name) values (${values.join(', ')}) on conflict do nothing`;
}

/** Reads the recorded constraints, with their definitions; those that somebody has dropped or validated are left out. */
export async function readUnvalidated(
  database: Queryable,
  change: ColumnChange,
): Promise<(Unvalidated & { readonly definition: string })[]> {
  const { rows: tables } = await database.query<{ exists: boolean }>(
    `select ${packageTableExists('unvalidated')} as exists`,
  );
  if (!tables[0]!.exists) return [];
  const { rows } = await database.query<Unvalidated & { readonly definition: string }>(
    `
    select u.owner, u.name, pg_get_constraintdef(con.oid) as definition
    from online_migration.unvalidated u
    join pg_catalog.pg_constraint con on con.conrelid = to_regclass(u.owner) and con.conname = u.name
    where u.change = $1 and not con.convalidated
    order by u.owner, u.name`,
    [changeNamesOf(change).change],
  );
  return rows;
}

/** Forgets all constraints of a change, when they are validated. */
export async function forgetUnvalidated(database: Queryable, change: ColumnChange): Promise<void> {
  await database.query(`delete from online_migration.unvalidated where change = $1`, [
    changeNamesOf(change).change,
  ]);
}
