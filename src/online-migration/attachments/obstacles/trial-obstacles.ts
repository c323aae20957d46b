import { type Obstacle, obstacle } from '../../change/obstacle.ts';
import { sqlState } from '../../postgres/database-error.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import { errorOf, rolledBack } from '../../postgres/rolled-back.ts';

/**
 * Finds the reasons why definitions cannot be tried on a temporary table, an obstacle each.
 * @param names of the objects with these definitions; without any, nothing is needed
 * @param role the role that tries them, quoted; by default the session's role
 */
export async function trialObstacles(
  database: Queryable,
  names: readonly string[],
  role: string | null = null,
): Promise<Obstacle[]> {
  if (names.length === 0) return [];
  const { rows } = await database.query<{ is_in_recovery: boolean; may_try: boolean; statement: string }>(
    `
    select pg_is_in_recovery() as is_in_recovery,
      has_database_privilege(role::regrole, current_database(), 'temporary') as may_try,
      format('grant temporary on database %I to %s', current_database(), role) as statement
    from coalesce($1, quote_ident(current_user)) as role`,
    [role],
  );
  const { is_in_recovery: isInRecovery, may_try: mayTry, statement } = rows[0]!;
  const tried = `PostgreSQL tries the definition of ${names.join(', ')} for the other type on a temporary table`;
  if (isInRecovery) {
    return [
      obstacle('TRIAL_ON_REPLICA', `${tried}, which a replica cannot create: connect to the primary.`, {
        objects: names,
      }),
    ];
  }
  if (mayTry) return refusedByTrigger(database, names);
  return [
    obstacle(
      'TEMPORARY_NOT_GRANTED',
      `${tried}, which the role that tries it may not create: \`${statement}\`.`,
      {
        objects: names,
        statement,
      },
    ),
  ];
}

/** An event trigger can reject a table, for example because it has no primary key. */
async function refusedByTrigger(database: Queryable, names: readonly string[]): Promise<Obstacle[]> {
  const error = await rolledBack(database, () =>
    errorOf(database, `create temporary table online_migration_trial (value integer)`, isRaised),
  );
  if (error === null) return [];
  return [
    obstacle(
      'TRIAL_REJECTED',
      `PostgreSQL tries the definition of ${names.join(', ')} for the other type on a temporary table, and an event trigger rejects ` +
        `that: ${error.message}. Let the event trigger pass temporary tables.`,
      { objects: names, reason: error.message },
    ),
  ];
}

/** Whether a function raised the error. */
function isRaised(error: unknown): error is Error {
  return sqlState(error)?.startsWith('P0') ?? false;
}
