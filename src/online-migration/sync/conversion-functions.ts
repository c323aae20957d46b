import { escapeLiteral } from 'pg';
import type { ChangedColumn } from '../change/changed-column.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { namesOf } from '../change/names.ts';
import { faithfulConversion } from './faithful-conversion.ts';

/**
 * Creates or replaces the functions from the old type to the new one.
 *
 * The body is parsed once, here, so a session's search_path cannot substitute another operator. The planner inlines a
 * `return` body into the calling query, so a row costs no function call.
 *
 * A function also returns null if the value would change when it is stored, so the row is a reject.
 */
export async function createForwardFunctions(database: Queryable, change: ChangedColumn): Promise<void> {
  const { forward, forwardInBulk } = namesOf(change);
  const conversion = await faithfulConversion(database, change);
  await createForwardFunction(database, change, forward, conversion.forward('value'));
  if (conversion.forwardInBulk) {
    await createForwardFunction(database, change, forwardInBulk, conversion.forwardInBulk('value'));
  }
}

async function createForwardFunction(
  database: Queryable,
  change: ChangedColumn,
  name: string,
  expression: string,
): Promise<void> {
  await database.query(`
    create or replace function ${name}(value ${change.oldColumn.type})
    returns ${change.newColumn.type}
    language sql stable parallel safe
    return ${expression}`);
}

/**
 * Creates or replaces the function from the new type to the old one, in the same form. A change that is not
 * reversible has none.
 */
export async function createBackwardFunction(database: Queryable, change: ChangedColumn): Promise<void> {
  const { backward } = await faithfulConversion(database, change);
  if (backward === undefined) return;
  await database.query(`
    create or replace function ${namesOf(change).backward}(value ${change.newColumn.type})
    returns ${change.oldColumn.type}
    language sql stable parallel safe
    return ${backward('value')}`);
}

/**
 * Replaces the function from the new type to the old one by a version that returns null if the conversion raises an
 * error. It finds values without an equal old value. A call costs more.
 */
export async function createTolerantBackwardFunction(
  database: Queryable,
  change: ChangedColumn,
): Promise<void> {
  const { backward } = await faithfulConversion(database, change);
  if (backward === undefined) return;
  const body = `
    #variable_conflict use_column
    begin
      return ${backward('value')};
    exception when data_exception or integrity_constraint_violation or program_limit_exceeded or plpgsql_error then
      return null;
    end`;
  // A literal, not dollar quotes, because the expression may contain any text.
  await database.query(`
    create or replace function ${namesOf(change).backward}(value ${change.newColumn.type})
    returns ${change.oldColumn.type}
    language plpgsql stable
    as ${escapeLiteral(body)}`);
}

/** Statements that drop the functions. The sync trigger that calls them must be dropped first. */
export function dropConversionFunctions(change: ChangedColumn): string[] {
  const { forward, forwardInBulk, backward } = namesOf(change);
  return [
    `drop function if exists ${forward}(${change.oldColumn.type})`,
    `drop function if exists ${forwardInBulk}(${change.oldColumn.type})`,
    `drop function if exists ${backward}(${change.newColumn.type})`,
  ];
}

/**
 * An SQL expression: the oids of the package's existing functions, as a list for `in`. Any role may run it: `to_regproc`
 * fails without USAGE on the schema, and the planner decides whether it runs.
 * @param names the parameter with the names, schema and name, quoted: `$3`
 */
export function existingFunctions(names: `$${number}`): string {
  return `(
        select own.oid
        from pg_catalog.pg_proc own
        join pg_catalog.pg_namespace place on place.oid = own.pronamespace
        join unnest(${names}::text[]) as wanted (name)
          on (parse_ident(wanted.name))[1]::name = place.nspname and (parse_ident(wanted.name))[2]::name = own.proname
      )`;
}
