import { randomUUID } from 'node:crypto';
import { escapeIdentifier } from 'pg';
import type { ColumnChange } from '../change/column-change.ts';
import { isStatementsFault, sqlState } from '../postgres/database-error.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { errorOf } from '../postgres/rolled-back.ts';
import type { CarriedFilter } from './published-tables.ts';

/**
 * Finds PostgreSQL's reason against a row filter for the types of a trial table. A filter may use only types, functions and
 * operators of PostgreSQL itself, which nothing but `alter publication` checks. It takes no temporary table, so this makes an
 * empty one in the schema of the real table and publishes it. The transaction must be rolled back.
 * @param trial the temporary table, quoted
 * @returns null if PostgreSQL accepts the filter
 */
export async function filterFault(
  database: Queryable,
  change: ColumnChange,
  trial: string,
  { publication, filter }: CarriedFilter,
): Promise<string | null> {
  const table = `${escapeIdentifier(change.table.schema)}.${escapeIdentifier(`online_migration_trial_${randomUUID()}`)}`;
  const error = await errorOf(
    database,
    `create table ${table} (like ${trial}); alter publication ${publication} add table only ${table} where (${filter})`,
    isRefused,
  );
  if (error === null) return null;
  const { message, detail } = error as Error & { detail?: string };
  return detail === undefined ? message : `${message} (${detail})`;
}

/** An event trigger can also reject the table. */
function isRefused(error: unknown): error is Error {
  return isStatementsFault(error) || (sqlState(error)?.startsWith('P0') ?? false);
}
