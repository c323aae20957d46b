import { SQLSTATE } from '../postgres/database-error.ts';
import { escapeLiteral } from 'pg';
import { createTriggerFunction } from '../postgres/trigger-function.ts';
import { type ChangedColumn, isReversible } from '../change/changed-column.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { namesOf } from '../change/names.ts';
import { areDifferent, areUnequal } from '../change/value-difference.ts';

/**
 * How the trigger treats an unconvertible old value.
 * - `lenient`: the new column becomes null; the row is a reject.
 * - `strict`: the write fails.
 * - `filling`: as `strict`, and made for the fill of the old column. It leaves a row alone if its two values are equal in bulk,
 *   because the trigger fires for each row of the fill, and `forward` costs more than the rest of the trigger.
 */
export type SyncMode = 'lenient' | 'strict' | 'filling';

/** The columns that fire the update trigger; `both` costs the backfill one call per row. */
export type SyncWatch = 'old' | 'both';

/**
 * Creates the trigger function, or replaces it under the triggers that use it.
 *
 * 1. An update that leaves the new column unchanged, or an insert without it, was made through the old column:
 *    convert it.
 * 2. Any other write was made through the new column: convert it back, unless the old column already has an equal
 *    value. So a text that cannot be rebuilt exactly is not overwritten. If the change is not reversible, the old
 *    value becomes null.
 *
 * It runs as its owner with a fixed search_path. The application needs no right on the package's schema, and no
 * session's search_path affects it. Nobody else may execute it; otherwise a trigger on another table could convert
 * values with the owner's rights.
 */
export async function createSyncFunction(
  database: Queryable,
  change: ChangedColumn,
  mode: SyncMode,
): Promise<void> {
  const { oldColumn, newColumn, forward, forwardInBulk, syncFunction } = namesOf(change);
  const isFilled =
    mode === 'filling'
      ? `
      if tg_op = 'UPDATE' and new.${newColumn} is not null
        and not (${areDifferent(change.newColumn.type, `new.${newColumn}`, `old.${newColumn}`)})
        and not (${areDifferent(change.newColumn.type, `${forwardInBulk}(new.${oldColumn})`, `new.${newColumn}`)})
      then
        return new;
      end if;`
      : '';
  const refuseOld =
    mode === 'lenient'
      ? ''
      : `
        if new.${newColumn} is null and new.${oldColumn} is not null then
          ${refuseWrite(`new.${oldColumn}`, change.oldColumn.name, change.newColumn.type)}
        end if;`;
  await createTriggerFunction(
    database,
    syncFunction,
    `
    begin${isFilled}
      if tg_op = 'INSERT' and new.${newColumn} is null
        or tg_op = 'UPDATE' and not (${areDifferent(change.newColumn.type, `new.${newColumn}`, `old.${newColumn}`)})
      then
        new.${newColumn} := ${forward}(new.${oldColumn});${refuseOld}
      elsif ${areDifferent(change.newColumn.type, `${forward}(new.${oldColumn})`, `new.${newColumn}`)} then
        ${setOldFromNew(change)}
      end if;
      return new;
    end`,
  );
}

/**
 * Statements that create or replace the two triggers. The table must be locked, and the columns and the function must exist.
 *
 * The triggers are ENABLE ALWAYS. Some tools set `session_replication_role = replica` to skip foreign keys. Ordinary
 * triggers do not fire then, and the columns would differ. The update trigger compares values, not the statement's
 * column list, because another trigger may have changed them.
 */
export function createSyncTriggers(change: ChangedColumn, watch: SyncWatch): string[] {
  const { table, oldColumn, newColumn, syncFunction, insertTrigger, updateTrigger } = namesOf(change);
  const oldChanged = areDifferent(change.oldColumn.type, `new.${oldColumn}`, `old.${oldColumn}`);
  const newChanged = areDifferent(change.newColumn.type, `new.${newColumn}`, `old.${newColumn}`);
  return [
    `create or replace trigger ${insertTrigger} before insert on ${table}
     for each row execute function ${syncFunction}()`,
    `create or replace trigger ${updateTrigger} before update on ${table}
     for each row when (${watch === 'old' ? oldChanged : `${oldChanged} or ${newChanged}`})
     execute function ${syncFunction}()`,
    `alter table ${table} enable always trigger ${insertTrigger}, enable always trigger ${updateTrigger}`,
  ];
}

/** Statements that drop both triggers and their function. The table must be locked. */
export function dropSyncTriggers(change: ChangedColumn): string[] {
  const { table, insertTrigger, updateTrigger, syncFunction } = namesOf(change);
  return [
    `drop trigger if exists ${insertTrigger} on ${table}`,
    `drop trigger if exists ${updateTrigger} on ${table}`,
    `drop function if exists ${syncFunction}()`,
  ];
}

/** PL/pgSQL that copies a value written through the new column to the old column. */
function setOldFromNew(change: ChangedColumn): string {
  const { oldColumn, newColumn, forward, backward } = namesOf(change);
  if (!isReversible(change)) return `new.${oldColumn} := null;`;
  return `
        new.${oldColumn} := ${backward}(new.${newColumn});
        if ${areUnequal(change.newColumn.type, `${forward}(new.${oldColumn})`, `new.${newColumn}`)} then
          ${refuseWrite(`new.${newColumn}`, change.newColumn.name, change.oldColumn.type)}
        end if;`;
}

/** PL/pgSQL that rejects a write. `value` is an expression; the others are a column's name and its declared type. */
export function refuseWrite(value: string, column: string, type: string): string {
  return `
          raise exception using
            errcode = '${SQLSTATE.invalidDatetime}',
            message = format('The value %L of column %I has no equal of type %s.', ${value}, ${escapeLiteral(column)}, ${escapeLiteral(type)}),
            schema = tg_table_schema, table = tg_table_name, column = ${escapeLiteral(column)};`;
}
