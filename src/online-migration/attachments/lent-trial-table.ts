import { escapeIdentifier } from 'pg';
import type { ColumnChange } from '../change/column-change.ts';
import { changedColumnsOf } from '../change/changed-column.ts';
import { changeNamesOf } from '../change/names.ts';
import type { Queryable } from '../postgres/queryable.ts';
import type { Side } from '../sync/filled-column.ts';
import { type ColumnNames, lendNames } from './under-other-name.ts';

/*
 * A temporary table takes the place of the real one, to try definitions under the other columns' names. It has no rows,
 * and its creation takes ACCESS SHARE on the real table.
 */

/** The name of the table, without and with its schema. */
export const TRIAL_TABLE = 'online_migration_trial';
export const TRIAL_TABLE_NAME = `pg_temp.${TRIAL_TABLE}`;

/**
 * Creates the table. The other columns have the first ones' names, as in the phase that makes the definitions anew.
 * @param database has a transaction open that is rolled back
 * @param from the side that the definitions use
 */
export async function createLentTable(
  database: Queryable,
  change: ColumnChange,
  from: Side,
  names: readonly ColumnNames[],
): Promise<void> {
  const { table } = changeNamesOf(change);
  await database.query(`create temporary table ${TRIAL_TABLE} (like ${table})`);
  for (const { oldColumn, newColumn } of changedColumnsOf(change)) {
    const { name, type } = from === 'old' ? newColumn : oldColumn;
    await database.query(
      `alter table ${TRIAL_TABLE_NAME} add column if not exists ${escapeIdentifier(name)} ${type}`,
    );
  }
  const keys = await readUsedKeys(database, table);
  for (const statement of lendNames(TRIAL_TABLE_NAME, names)) await database.query(statement);
  for (const { definition } of keys)
    await database.query(`alter table ${TRIAL_TABLE_NAME} add ${definition}`);
}

/** The primary key of a table, if a view or a policy groups by it alone and so depends on it. */
export async function readUsedKeys(
  database: Queryable,
  table: string,
): Promise<{ name: string; definition: string }[]> {
  const { rows } = await database.query<{ name: string; definition: string }>(
    `
    select quote_ident(con.conname) as name, pg_get_constraintdef(con.oid) as definition
    from pg_catalog.pg_constraint con
    where con.conrelid = to_regclass($1) and con.contype = 'p'
      and exists (
        select from pg_catalog.pg_depend d
        where d.classid in ('pg_rewrite'::regclass, 'pg_policy'::regclass)
          and d.refclassid = 'pg_constraint'::regclass and d.refobjid = con.oid
      )`,
    [table],
  );
  return rows;
}
