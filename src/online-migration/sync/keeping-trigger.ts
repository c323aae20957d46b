import { escapeLiteral } from 'pg';
import { type ChangedColumn, isReversible } from '../change/changed-column.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { namesOf } from '../change/names.ts';
import { TEXT_SETTINGS } from '../postgres/session-settings.ts';
import { refuseWrite } from './sync-trigger.ts';
import { createTriggerFunction } from '../postgres/trigger-function.ts';
import { areDifferent, areNotIdentical } from '../change/value-difference.ts';

/*
 * While contract proves that both columns are equal, it keeps old values that cannot be rebuilt from their new
 * values. Its revert needs them. They are stored in `online_migration.kept_value`: the proof records values of rows
 * that nobody writes, these triggers record the others.
 *
 * The triggers fire after a row was written. A BEFORE INSERT trigger also fires for an `insert … on conflict` that
 * inserts nothing, and would record a value that no row has.
 */

/** Kept values and their keys have the text format of the package's sessions. */
const FUNCTION_SETTINGS = Object.entries(TEXT_SETTINGS)
  .map(([name, value]) => `set ${name} = ${value}`)
  .join(' ');

/**
 * Creates the function, or replaces it under its triggers.
 *
 * 1. A value that cannot be rebuilt from its new value is recorded under the key of the row. A table without a key
 *    has no place for the record, so the write fails.
 * 2. If a row has any other value, its earlier record is deleted. A transaction with an older snapshot may not see
 *    the record. It overwrites the record instead, and PostgreSQL fails it with 40001.
 */
export async function createKeepFunction(database: Queryable, change: ChangedColumn): Promise<void> {
  const { keepFunction, oldColumn, newColumn, backward } = namesOf(change);
  if (!isReversible(change)) return;
  const isUnrebuildable = areDifferent(
    change.oldColumn.type,
    `${backward}(new.${newColumn})`,
    `new.${oldColumn}`,
  );
  await createTriggerFunction(
    database,
    keepFunction,
    `
    begin
      ${keepOrRefuse(change, isUnrebuildable)}
      return null;
    end`,
    FUNCTION_SETTINGS,
  );
}

/** Statements that create the triggers that fire the function. The table must be locked. */
export function createKeepTriggers(change: ChangedColumn): string[] {
  if (!isReversible(change)) return [];
  const names = namesOf(change);
  const { table, keepFunction, keepInsertTrigger, keepUpdateTrigger, oldColumn, newColumn } = names;
  const changed = [
    areDifferent(change.oldColumn.type, `new.${oldColumn}`, `old.${oldColumn}`),
    areDifferent(change.newColumn.type, `new.${newColumn}`, `old.${newColumn}`),
    // A value is kept under the text of its key, and equal keys can have different texts: 1.0 and 1.00.
    ...names.lastingKey.columns.map((column) => areNotIdentical(`new.${column}`, `old.${column}`)),
  ];
  return [
    `create or replace trigger ${keepInsertTrigger} after insert on ${table}
     for each row execute function ${keepFunction}()`,
    `create or replace trigger ${keepUpdateTrigger} after update on ${table}
     for each row when (${changed.join(' or ')}) execute function ${keepFunction}()`,
    `alter table ${table} enable always trigger ${keepInsertTrigger}, enable always trigger ${keepUpdateTrigger}`,
  ];
}

/** Turns the triggers, if there are any, into no-ops without a lock. Kept values remain. */
export async function stopKeeping(database: Queryable, change: ChangedColumn): Promise<void> {
  const { keepFunction } = namesOf(change);
  const { rows } = await database.query<{ found: boolean }>(`select to_regproc($1) is not null as found`, [
    keepFunction,
  ]);
  if (rows[0]?.found) await createTriggerFunction(database, keepFunction, `begin return null; end`);
}

/** Statements that drop the triggers and their function. The table must be locked. */
export function dropKeepTriggers(change: ChangedColumn): string[] {
  const { table, keepFunction, keepInsertTrigger, keepUpdateTrigger } = namesOf(change);
  return [
    `drop trigger if exists ${keepInsertTrigger} on ${table}`,
    `drop trigger if exists ${keepUpdateTrigger} on ${table}`,
    `drop function if exists ${keepFunction}()`,
  ];
}

/** PL/pgSQL on the row `new`. */
function keepOrRefuse(change: ChangedColumn, isUnrebuildable: string): string {
  const { record, lastingKey, oldColumn } = namesOf(change);
  if (!lastingKey.lasts) {
    return `if ${isUnrebuildable} then
        ${refuseWrite(`new.${oldColumn}`, change.oldColumn.name, change.newColumn.type)}
      end if;`;
  }
  const key = lastingKey.text('new');
  return `
      if ${isUnrebuildable} or current_setting('transaction_isolation') in ('repeatable read', 'serializable') then
        insert into online_migration.kept_value (change, key, raw_value)
        select ${escapeLiteral(record)}, ${key}, new.${oldColumn}::text
        where new.${oldColumn} is not null
        on conflict on constraint kept_value_pkey do update set raw_value = excluded.raw_value;
      else
        delete from online_migration.kept_value k where k.change = ${escapeLiteral(record)} and k.key = ${key};
      end if;`;
}
