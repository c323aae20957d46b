import { SQLSTATE } from '../postgres/database-error.ts';
import { escapeLiteral } from 'pg';
import { createTriggerFunction } from '../postgres/trigger-function.ts';
import { type ChangedColumn, isReversible } from '../change/changed-column.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { namesOf } from '../change/names.ts';
import { areDifferent } from '../change/value-difference.ts';

/**
 * What the trigger does beside keeping the columns equal.
 * - `lenient`: an unconvertible old value leaves the new column null; the row is a reject.
 * - `strict`: a write of such a value fails.
 */
export type SyncMode = 'lenient' | 'strict';

/** Which column's changes an update brings to the sync trigger; `both` costs the backfill a call a row. */
export type SyncWatch = 'old' | 'both';

/**
 * Creates the trigger function, or replaces it under the triggers that use it.
 *
 * 1. An update that leaves the new column alone, or an insert without it, was made through the old column: convert it.
 * 2. Any other write was made through the new column: convert it back, unless the old column says the same already;
 *    so a text that can't be rebuilt letter by letter stays as it is. Without a way back the old value goes.
 *
 * It runs as its owner with a fixed search_path: the application needs no right on the package's schema, and no
 * session's search_path reaches into it. Nobody else may execute it: a trigger on a table of one's own would convert values
 * with the rights of its owner.
 */
export async function createSyncFunction(
  database: Queryable,
  change: ChangedColumn,
  mode: SyncMode,
): Promise<void> {
  const { oldColumn, newColumn, forward, syncFunction } = namesOf(change);
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
    begin
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
 * Creates the two triggers, or replaces them; the table must be locked, and the columns and the function be there.
 *
 * They fire always: with `session_replication_role = replica`, which some tools set to skip foreign keys, ordinary
 * triggers are silent and the columns would part. The update trigger looks at the values and not at the statement's
 * column list, because another trigger may have changed them.
 */
export async function createSyncTriggers(
  database: Queryable,
  change: ChangedColumn,
  watch: SyncWatch,
): Promise<void> {
  const { table, oldColumn, newColumn, syncFunction, insertTrigger, updateTrigger } = namesOf(change);
  const oldChanged = areDifferent(change.oldColumn.type, `new.${oldColumn}`, `old.${oldColumn}`);
  const newChanged = areDifferent(change.newColumn.type, `new.${newColumn}`, `old.${newColumn}`);
  await database.query(`
    create or replace trigger ${insertTrigger} before insert on ${table}
    for each row execute function ${syncFunction}()`);
  await database.query(`
    create or replace trigger ${updateTrigger} before update on ${table}
    for each row when (${watch === 'old' ? oldChanged : `${oldChanged} or ${newChanged}`})
    execute function ${syncFunction}()`);
  await database.query(`
    alter table ${table} enable always trigger ${insertTrigger}, enable always trigger ${updateTrigger}`);
}

/** Drops both triggers and their function; the table must be locked. */
export async function dropSyncTriggers(database: Queryable, change: ChangedColumn): Promise<void> {
  const { table, insertTrigger, updateTrigger, syncFunction } = namesOf(change);
  // In one message: under the lock, each further one costs a way to the server and back.
  await database.query(`
    drop trigger if exists ${insertTrigger} on ${table};
    drop trigger if exists ${updateTrigger} on ${table};
    drop function if exists ${syncFunction}()`);
}

/** PL/pgSQL that brings what was written through the new column to the old one. */
function setOldFromNew(change: ChangedColumn): string {
  const { oldColumn, newColumn, forward, backward } = namesOf(change);
  if (!isReversible(change)) return `new.${oldColumn} := null;`;
  return `
        new.${oldColumn} := ${backward}(new.${newColumn});
        if ${forward}(new.${oldColumn}) is distinct from new.${newColumn} then
          ${refuseWrite(`new.${newColumn}`, change.newColumn.name, change.oldColumn.type)}
        end if;`;
}

/** PL/pgSQL that refuses a write; `value` is an expression, the others are a column's name and a type as declared. */
export function refuseWrite(value: string, column: string, type: string): string {
  return `
          raise exception using
            errcode = '${SQLSTATE.invalidDatetime}',
            message = format('The value %L of column %I has no equal of type %s.', ${value}, ${escapeLiteral(column)}, ${escapeLiteral(type)}),
            schema = tg_table_schema, table = tg_table_name, column = ${escapeLiteral(column)};`;
}
