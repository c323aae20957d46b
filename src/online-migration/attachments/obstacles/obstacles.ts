import type { ChangedColumn } from '../../change/changed-column.ts';
import type { Obstacle } from '../../change/obstacle.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import { triggerObstacles } from '../../backfill/batch/firing-triggers.ts';
import type { Side } from '../../sync/filled-column.ts';
import { stateObstacles } from '../../state/owner.ts';
import { bodyObstacles } from './body-obstacles.ts';
import { otherChangeObstacles } from './other-change-obstacles.ts';
import {
  replicaIdentityObstacles,
  subscriberObstacles,
  subscriptionObstacles,
} from './publication-obstacles.ts';
import { rowSecurityObstacles } from './row-security-obstacles.ts';
import { rowTypeObstacles } from './row-type-obstacles.ts';
import { writeObstacles } from './write-obstacles.ts';
import { readAttachments } from '../attachments.ts';
import { defaultObstacles } from './default-obstacles.ts';
import { dependentObstacles, foreignKeyObstacles, indexObstacles } from './dependent-obstacles.ts';
import { expressionObstacles, unknownTypes } from './expression-obstacles.ts';
import { nameObstacles } from './name-obstacles.ts';
import { oneWayObstacles } from './one-way-obstacles.ts';
import { partitionObstacles } from './partition-obstacles.ts';
import { precisionObstacles } from './precision-obstacles.ts';
import { propertyObstacles } from './property-obstacles.ts';
import { rightObstacles } from './right-obstacles.ts';
import { columnAt } from '../table-column.ts';
import { readColumnFacts, tableObstacles } from './table-obstacles.ts';
import { typeObstacles } from './type-obstacles.ts';

/**
 * Finds out why a column cannot be changed as it is declared, before anything is changed.
 *
 * 1. The table, the columns and the declaration fit each other; PostgreSQL takes its expressions, and its names are free.
 * 2. Attachments of the column that can go over do so: indexes, primary key, unique constraints, foreign keys, sequence.
 * 3. Whatever else depends on it is named, as the catalog describes it: views, checks, generated columns, triggers, policies;
 *    of a partitioned table also what one partition alone has.
 * 4. Checks for which the catalog records no dependency: functions, publications, rules, row types stored elsewhere, other
 *    changes, and the rights of the role.
 *
 * @returns an obstacle for each reason; none if the change can start
 */
export async function findObstacles(database: Queryable, change: ChangedColumn): Promise<Obstacle[]> {
  const unknown = await unknownTypes(database, change);
  if (unknown.length > 0) return unknown;
  const facts = await readColumnFacts(database, change);
  if (facts === undefined) return [];
  const fromTable = tableObstacles(change, facts);
  // The other checks would only repeat that the declaration is of another column or type.
  if (fromTable.length > 0) return fromTable;
  const ofExpressions = await expressionObstacles(database, change);
  return [
    ...(await typeObstacles(database, change)),
    // An expression that cannot be used cannot be tried either.
    ...(ofExpressions.length > 0 ? ofExpressions : await precisionObstacles(database, change)),
    ...(await oneWayObstacles(database, change)),
    ...(await nameObstacles(database, change, (await readAttachments(database, change, 'old')).own)),
    ...(await otherChangeObstacles(database, change)),
    ...(await findPreparations(database, change)),
    ...(await rowSecurityObstacles(database, change)),
    ...(await findObstaclesOfRulingColumn(database, change)),
  ];
}

/**
 * Finds missing preparations, by an administrator or in the declaration: the schema for the package's
 * state, and the right to keep the table's own triggers silent.
 *
 * @returns an obstacle for each, with the statement to run or the property to declare
 */
export async function findPreparations(database: Queryable, change: ChangedColumn): Promise<Obstacle[]> {
  return [...(await stateObstacles(database, change)), ...(await triggerObstacles(database, change))];
}

/**
 * Finds out what the old column has, while it rules, that can neither go over to the new one nor may go with it: what hangs on
 * it, and its default. (Where it is only half-filled on a way back, the default is the new column's.)
 *
 * @returns an obstacle for each reason
 */
export async function findObstaclesOfRulingColumn(
  database: Queryable,
  change: ChangedColumn,
): Promise<Obstacle[]> {
  return [
    ...(await defaultObstacles(database, change)),
    ...(await findAttachedObstacles(database, change, 'old')),
  ];
}

/**
 * Finds out what hangs on one of the two columns and can neither go over to the other one nor may go with it. A change takes
 * days, in which somebody can have attached a view or a check.
 *
 * @returns an obstacle for each reason
 */
export async function findAttachedObstacles(
  database: Queryable,
  change: ChangedColumn,
  side: Side,
): Promise<Obstacle[]> {
  const column = columnAt(change, side);
  const { type } = side === 'old' ? change.newColumn : change.oldColumn;
  const { own } = await readAttachments(database, change, side);
  return [
    ...(await propertyObstacles(database, column)),
    ...(await indexObstacles(database, own.indexes, type)),
    ...(await foreignKeyObstacles(database, own.foreignKeys, type)),
    ...(await dependentObstacles(database, change, column)),
    ...(await partitionObstacles(database, change, column)),
    ...(await writeObstacles(database, change)),
    ...(await rowTypeObstacles(database, change)),
    ...(await replicaIdentityObstacles(database, change)),
    ...(await findUnreviewed(database, change, side)),
    ...(await rightObstacles(database, change, own)),
  ];
}

/**
 * Finds the things that a person must judge and that `change.reviewed` does not name yet.
 *
 * @returns an obstacle for each, with the name to add to `change.reviewed`
 */
export async function findUnreviewed(
  database: Queryable,
  change: ChangedColumn,
  side: Side,
): Promise<Obstacle[]> {
  return [
    ...(await bodyObstacles(database, change, columnAt(change, side).column)),
    ...(await subscriberObstacles(database, change)),
    ...(await subscriptionObstacles(database, change)),
  ];
}
