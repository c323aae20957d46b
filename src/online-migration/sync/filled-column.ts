import { type ChangedColumn, changedColumnsOf } from '../change/changed-column.ts';
import type { ColumnChange } from '../change/column-change.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { changeNamesOf, namesOf } from '../change/names.ts';
import { type LockedPlan, planOf } from '../postgres/exclusive-lock.ts';
import type { Session } from '../postgres/session.ts';

/** Selects one of the two columns. */
export type Side = 'old' | 'new';

/** The other of the two columns. */
export function otherSide(side: Side): Side {
  return side === 'old' ? 'new' : 'old';
}

/*
 * Proves that every row of a column has a value, without a scan under an exclusive lock, and records it in the
 * catalog:
 *
 * 1. `planFilledChecks`, under ACCESS EXCLUSIVE: adds a check that is not validated; it applies to new writes at once.
 * 2. `validateFilledChecks`, in a later transaction: reads the table under SHARE UPDATE EXCLUSIVE, without blocking
 *    reads and writes.
 * 3. `declareFilled`, under ACCESS EXCLUSIVE: sets NOT NULL. The validated check proves it, so there is no scan.
 *
 * A nullable column must have a value in each row in which the other column has one. NOT NULL cannot express that, so
 * two named checks record it. One exists when the new column is enforced, the other while the old column is being
 * filled again.
 */

/** Step 1 for all columns of a change. A check of an earlier run is kept. */
export async function planFilledChecks(
  database: Queryable,
  change: ColumnChange,
  side: Side,
): Promise<LockedPlan> {
  const statements: string[] = [];
  for (const column of changedColumnsOf(change)) {
    if (await hasFilledCheck(database, column)) continue;
    const { table, filledCheck } = namesOf(column);
    statements.push(addCheck(table, filledCheck, filledCondition(column, side)));
  }
  return planOf(...statements);
}

/**
 * Step 2 for all columns of a change, without a statement timeout, because it reads the whole table. In one statement,
 * PostgreSQL reads it once for all columns.
 * @throws the database's error 23514 if a row has no value
 */
export async function validateFilledChecks(session: Session, change: ColumnChange): Promise<void> {
  const { table } = changeNamesOf(change);
  const actions = changedColumnsOf(change).map(
    (column) => `validate constraint ${namesOf(column).filledCheck}`,
  );
  await session.withoutStatementTimeout(() => session.query(`alter table ${table} ${actions.join(', ')}`));
}

/** The statements of step 3. */
export function declareFilled(change: ChangedColumn, side: Side): string[] {
  const { table, filledCheck, enforcedCheck, fillingCheck } = namesOf(change);
  if (!change.nullable) {
    return [
      `alter table ${table} alter column ${columnOf(change, side)} set not null`,
      dropFilledCheck(change),
    ];
  }
  return side === 'new'
    ? [`alter table ${table} rename constraint ${filledCheck} to ${enforcedCheck}`]
    : [dropFilledCheck(change), `alter table ${table} drop constraint if exists ${fillingCheck}`];
}

/** A statement that drops the check; also reverts step 1. */
export function dropFilledCheck(change: ChangedColumn): string {
  const { table, filledCheck } = namesOf(change);
  return `alter table ${table} drop constraint if exists ${filledCheck}`;
}

/** Whether step 1 is done and step 3 is not. */
export async function hasFilledCheck(database: Queryable, change: ChangedColumn): Promise<boolean> {
  const { table, filledCheck } = namesOf(change);
  const { rows } = await database.query<{ found: boolean }>(
    `
    select exists (
      select from pg_catalog.pg_constraint
      where conrelid = to_regclass($1) and contype = 'c' and conname = $2
    ) as found`,
    [table, unquoted(filledCheck)],
  );
  return rows[0]?.found ?? false;
}

/** A statement that reverts `declareFilled` for the new column. The table must be locked. */
export function withdrawEnforced(change: ChangedColumn): string {
  const { table, newColumn, enforcedCheck } = namesOf(change);
  return change.nullable
    ? `alter table ${table} drop constraint if exists ${enforcedCheck}`
    : `alter table ${table} alter column ${newColumn} drop not null`;
}

/**
 * Statements that mark the newly added old column of a nullable change as not filled yet, and the new column as active. The checks
 * cannot fail. Without them, the table would look as before enforce. For any other change, NOT NULL is the mark.
 */
export function declareFilling(change: ChangedColumn): string[] {
  if (!change.nullable) return [];
  const { table, oldColumn, newColumn, enforcedCheck, fillingCheck } = namesOf(change);
  return [
    addCheck(table, enforcedCheck, filledCondition(change, 'new')),
    addCheck(table, fillingCheck, `${oldColumn} is null or ${newColumn} is not null`),
  ];
}

/** A name without its quotes, as in the catalog. */
export function unquoted(identifier: string): string {
  return identifier.slice(1, -1).replaceAll('""', '"');
}

function addCheck(table: string, name: string, condition: string): string {
  return `alter table ${table} add constraint ${name} check (${condition}) not valid`;
}

function filledCondition(change: ChangedColumn, side: Side): string {
  const filled = `${columnOf(change, side)} is not null`;
  return change.nullable
    ? `${filled} or ${columnOf(change, side === 'old' ? 'new' : 'old')} is null`
    : filled;
}

function columnOf(change: ChangedColumn, side: Side): string {
  const { oldColumn, newColumn } = namesOf(change);
  return side === 'old' ? oldColumn : newColumn;
}
