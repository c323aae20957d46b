import type { ColumnChange, Queryable } from './column-change.ts';
import { namesOf } from './names.ts';

/**
 * Creates the function from the old type to the new one, or replaces it.
 *
 * The body is parsed once, here, so no session's search_path can put another operator in; and a `return` body is one
 * that the planner writes into the query that calls it, so a row costs no function call.
 */
export async function createForwardFunction(database: Queryable, change: ColumnChange): Promise<void> {
  await database.query(`
    create or replace function ${namesOf(change).forward}(value ${change.oldColumn.type})
    returns ${change.newColumn.type}
    language sql stable parallel safe
    return ${change.conversion.forward('value')}`);
}

/** Creates the function from the new type to the old one, or replaces it; made as the forward function is. */
export async function createBackwardFunction(database: Queryable, change: ColumnChange): Promise<void> {
  await database.query(`
    create or replace function ${namesOf(change).backward}(value ${change.newColumn.type})
    returns ${change.oldColumn.type}
    language sql stable parallel safe
    return ${change.conversion.backward('value')}`);
}

/** Drops both functions; the sync trigger that calls them must be gone. */
export async function dropConversionFunctions(database: Queryable, change: ColumnChange): Promise<void> {
  const { forward, backward } = namesOf(change);
  await database.query(`drop function if exists ${forward}(${change.oldColumn.type})`);
  await database.query(`drop function if exists ${backward}(${change.newColumn.type})`);
}
