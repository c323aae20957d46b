import { type Obstacle, obstacle } from '../change/obstacle.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { packageTableExists } from './package-table.ts';
import { NEWEST_STEP } from './steps.ts';

/** Reads the step of the package's tables. It is 0 if there are none, or if their version recorded no steps. */
export async function readStep(database: Queryable): Promise<number> {
  const { rows: tables } = await database.query<{ exists: boolean }>(
    `select ${packageTableExists('step')} as exists`,
  );
  if (!tables[0]?.exists) return 0;
  const { rows } = await database.query<{ step: number }>(
    `select coalesce(max(number), 0) as step from online_migration.step`,
  );
  return rows[0]!.step;
}

/**
 * Finds the reason why this version of the package must not write the package's tables: a newer version has altered
 * them.
 */
export async function newerStepObstacles(database: Queryable): Promise<Obstacle[]> {
  const step = await readStep(database);
  if (step <= NEWEST_STEP) return [];
  return [
    obstacle(
      'STATE_NEWER',
      `A newer version of the package has brought its tables in the schema online_migration to step ${step}, and the installed ` +
        `version knows the steps up to ${NEWEST_STEP} only: run this command with the newer version.`,
      { step, newestKnownStep: NEWEST_STEP },
    ),
  ];
}

/**
 * Whether an earlier version of the package made its tables. Without a table `change`, no step has anything to alter.
 */
export async function isOutdated(database: Queryable): Promise<boolean> {
  const { rows } = await database.query<{ exists: boolean }>(
    `select ${packageTableExists('change')} as exists`,
  );
  return rows[0]!.exists && (await readStep(database)) < NEWEST_STEP;
}
