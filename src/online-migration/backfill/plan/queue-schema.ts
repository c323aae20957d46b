import type { Queryable } from '../../postgres/queryable.ts';
import { QUEUE_SCHEMA } from '../../change/names.ts';
import { BackfillError } from './backfill-error.ts';
import { isLockConflict } from '../../postgres/database-error.ts';

const DROP_TRIES = 10;

/** Whether worker processes fill the ranges of a backfill. */
export async function hasQueue(database: Queryable): Promise<boolean> {
  const { rows } = await database.query<{ exists: boolean }>(
    `select to_regclass('${QUEUE_SCHEMA}.queue') is not null as exists`,
  );
  return rows[0]?.exists ?? false;
}

/**
 * Makes a session work on the queue as the owner of the table, so that every member of that role can use the queue.
 * @param table schema and name, quoted
 */
export async function actForTableOwner(database: Queryable, table: string): Promise<void> {
  const { rows } = await database.query<{ owner: string }>(
    `
    select quote_ident(pg_get_userbyid(relowner)) as owner
    from pg_catalog.pg_class
    where oid = to_regclass($1) and pg_get_userbyid(relowner) <> current_user`,
    [table],
  );
  if (rows[0] !== undefined) await database.query(`set role ${rows[0].owner}`);
}

/**
 * Creates the schema of the queue if it is missing; it belongs to the owner of the table.
 * @param table schema and name, quoted
 * @throws BackfillError with the statement that helps, if the role may not create it
 */
export async function createQueueSchema(database: Queryable, table: string): Promise<void> {
  const { rows } = await database.query<{ owner: string; missing: boolean; may_create: boolean }>(
    `
    select quote_ident(pg_get_userbyid(relowner)) as owner, to_regnamespace('${QUEUE_SCHEMA}') is null as missing,
      has_database_privilege(current_database(), 'create') as may_create
    from pg_catalog.pg_class
    where oid = to_regclass($1)`,
    [table],
  );
  const found = rows[0];
  if (found === undefined || !found.missing) return;
  const statement = `create schema ${QUEUE_SCHEMA} authorization ${found.owner}`;
  if (!found.may_create) {
    throw new BackfillError(
      'QUEUE_SCHEMA_NOT_ALLOWED',
      `Ranges cannot be handed out to worker processes: the role may not create the schema ${QUEUE_SCHEMA}. Run ` +
        `\`${statement}\` once as an administrator, or fill the column in the migrating process: ` +
        `set \`workers\` to 1 (BACKFILL_WORKERS in the application template).`,
      { schema: QUEUE_SCHEMA, statement },
    );
  }
  await database.query(statement);
}

/**
 * Drops the queue with all its jobs. Worker processes stop after their current batch. A job only names a range, and
 * the plan records the progress of each range, so nothing is lost.
 */
export async function dropQueue(database: Queryable): Promise<void> {
  const { rows } = await database.query<{ may_create: boolean; statements: string[] }>(`
    select has_database_privilege(current_database(), 'create') as may_create,
      array(
        select format('drop table if exists %s cascade', c.oid::regclass) from pg_catalog.pg_class c
        where c.relnamespace = n.oid and c.relkind in ('r', 'p') and not c.relispartition
      )
      || array(select format('drop function if exists %s cascade', p.oid::regprocedure) from pg_catalog.pg_proc p where p.pronamespace = n.oid)
      || array(
        select format('drop type if exists %s cascade', t.oid::regtype) from pg_catalog.pg_type t
        where t.typnamespace = n.oid and t.typtype in ('e', 'd')
      ) as statements
    from pg_catalog.pg_namespace n
    where n.nspname = '${QUEUE_SCHEMA}'`);
  const found = rows[0];
  if (found === undefined) return;
  // If the role could not create the schema again, an administrator made it for the role, and it is kept.
  const statements = found.may_create ? [`drop schema ${QUEUE_SCHEMA} cascade`] : found.statements;
  if (statements.length > 0) await database.query(statements.join('; '));
}

/**
 * Does the same if worker processes may be using the queue: their statements may lock its tables in another order.
 * @param database has no transaction open
 */
export async function dropQueueInUse(database: Queryable): Promise<void> {
  for (let tries = DROP_TRIES; ; tries--) {
    try {
      return await dropQueue(database);
    } catch (error) {
      if (!isLockConflict(error) || tries === 1) throw error;
    }
  }
}
