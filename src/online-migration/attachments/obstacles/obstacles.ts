import { type ChangedColumn, isRename } from '../../change/changed-column.ts';
import type { Obstacle } from '../../change/obstacle.ts';
import type { ObstacleCode } from '../../change/obstacle-codes.ts';
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
import { rowSecurityObstacles, rowTypeObstacles } from './row-obstacles.ts';
import { writeObstacles } from './write-obstacles.ts';
import { type Attachments, readAttachments } from '../attachments.ts';
import { checkObstacles, declaredCheckObstacles, policyObstacles } from './check-obstacles.ts';
import { conversionTypeObstacles } from './conversion-type-obstacles.ts';
import { defaultObstacles, defaultOfNullableObstacles } from './default-obstacles.ts';
import { dependentObstacles } from './dependent-obstacles.ts';
import { foreignKeyObstacles } from './foreign-key-obstacles.ts';
import { indexObstacles } from './index-obstacles.ts';
import { expressionObstacles, unknownTypes } from './expression-obstacles.ts';
import { longNameObstacles, nameObstacles } from './name-obstacles.ts';
import { oneWayObstacles, precisionObstacles, typeObstacles } from './declaration-obstacles.ts';
import { partitionObstacles } from './partition-obstacles.ts';
import { privilegeObstacles } from './privilege-obstacles.ts';
import { propertyObstacles } from './property-obstacles.ts';
import { findRenameObstacles } from './rename-obstacles.ts';
import { rightObstacles } from './right-obstacles.ts';
import { statisticsObstacles } from './statistics-obstacles.ts';
import { trialObstacles } from './trial-obstacles.ts';
import { columnAt } from '../table-column.ts';
import { translate, triedNames } from '../translation.ts';
import { viewObstacles } from './view-obstacles.ts';
import { readColumnFacts, tableObstacles } from './table-obstacles.ts';

/** The declaration must name another table, column or type. All other checks would only repeat that. */
const WRONG_COLUMN: ReadonlySet<ObstacleCode> = new Set<ObstacleCode>([
  'NO_TABLE',
  'TABLE_IS_PARTITION',
  'COLUMN_INHERITED',
  'COLUMN_GENERATED',
  'COLUMN_TYPE_NOT_AS_DECLARED',
]);

/**
 * Finds the reasons why a column cannot be changed as declared, before anything is changed.
 *
 * 1. The table, the columns and the declaration must match. PostgreSQL must accept the expressions, and the names
 *    must be free.
 * 2. Attachments of the column that can be carried over: indexes, primary key, unique constraints, checks, foreign
 *    keys, sequence, views.
 * 3. All other dependents in the catalog: generated columns, triggers, policies. For a partitioned
 *    table, also attachments that only one partition has.
 * 4. Dependents that the catalog does not record: functions, publications, rules, row types stored elsewhere, other
 *    changes. Also the rights of the role.
 *
 * @returns an obstacle for each reason; none if the change can start
 */
export async function findObstacles(database: Queryable, change: ChangedColumn): Promise<Obstacle[]> {
  if (isRename(change)) return findRenameObstacles(database, change, 'old');
  const tooLong = longNameObstacles(change);
  if (tooLong.length > 0) return tooLong;
  const unknown = await unknownTypes(database, change);
  if (unknown.length > 0) return unknown;
  const facts = await readColumnFacts(database, change);
  if (facts === undefined) return [];
  const fromTable = tableObstacles(change, facts);
  if (fromTable.some(({ code }) => WRONG_COLUMN.has(code))) return fromTable;
  const ofExpressions = await expressionObstacles(database, change);
  return withoutRepeats([
    ...fromTable,
    ...(await typeObstacles(database, change)),
    // An expression with an error cannot be tried either.
    ...(ofExpressions.length > 0
      ? ofExpressions
      : [
          ...(await conversionTypeObstacles(database, change)),
          ...(await precisionObstacles(database, change)),
        ]),
    ...(await oneWayObstacles(database, change)),
    ...(await nameObstacles(database, change, await readAttachments(database, change, 'old'))),
    ...(await otherChangeObstacles(database, change)),
    ...(await findPreparations(database, change)),
    ...(await rowSecurityObstacles(database, change)),
    ...(await findObstaclesOfActiveColumn(database, change)),
  ]);
}

/** Leaves out that a role may not act for the table's owner if it is not a member, because the same grant gives both. */
function withoutRepeats(obstacles: readonly Obstacle[]): Obstacle[] {
  const grantors = obstacles.flatMap(({ code, details }) =>
    code === 'TABLE_NOT_OWNED' ? [details['owner']] : [],
  );
  return obstacles.filter(
    ({ code, details }) => code !== 'OWNER_NOT_GRANTED' || !grantors.includes(details['owner']),
  );
}

/**
 * Finds missing preparations, by an administrator or in the declaration: the schema for the package's state, and the
 * right to disable the table's own triggers in a session.
 *
 * @returns an obstacle for each, with the statement to run or the property to declare
 */
export async function findPreparations(database: Queryable, change: ChangedColumn): Promise<Obstacle[]> {
  // A rename has no backfill.
  if (isRename(change)) return stateObstacles(database, change);
  return [...(await stateObstacles(database, change)), ...(await triggerObstacles(database, change))];
}

/**
 * Finds attachments of the old column, including its default, that can neither be carried over nor be dropped with
 * it. (While a revert of contract is filling the old column, the default belongs to the new one.)
 *
 * @returns an obstacle for each reason
 */
export async function findObstaclesOfActiveColumn(
  database: Queryable,
  change: ChangedColumn,
): Promise<Obstacle[]> {
  return [
    ...(await defaultObstacles(database, change)),
    ...(await findAttachedObstacles(database, change, 'old')),
  ];
}

/**
 * Finds attachments of one of the two columns that can neither be carried over nor be dropped with it. A change takes
 * days, and somebody may have added a view or a check in the meantime.
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
  const own = await readAttachments(database, change, side);
  return [
    ...(await propertyObstacles(database, column)),
    ...(await definitionObstacles(database, change, side, own)),
    ...(await foreignKeyObstacles(database, own.foreignKeys, type)),
    ...(await statisticsObstacles(database, change, side)),
    ...(await privilegeObstacles(database, change, side)),
    ...(await dependentObstacles(database, change, column)),
    ...(await viewObstacles(database, change, side)),
    ...(await partitionObstacles(database, change, column)),
    ...(await writeObstacles(database, change)),
    ...(await rowTypeObstacles(database, change)),
    ...(await replicaIdentityObstacles(database, change)),
    ...(await findUnreviewed(database, change, side)),
    ...(await rightObstacles(database, change, own)),
  ];
}

/** Finds indexes, checks and policies without a definition for the other column. */
async function definitionObstacles(
  database: Queryable,
  change: ChangedColumn,
  side: Side,
  own: Attachments,
): Promise<Obstacle[]> {
  const { type } = side === 'old' ? change.newColumn : change.oldColumn;
  const carried = { ...own, indexes: own.indexes.filter((index) => index.obstacle === null) };
  const rights = await trialObstacles(database, triedNames(carried));
  if (rights.length > 0)
    return [...(await indexObstacles(database, own.indexes, type, new Map())), ...rights];
  const declared = side === 'old' ? await declaredCheckObstacles(database, change, own.checks) : [];
  const { indexes, checks, policies } = await translate(database, change, side, carried);
  return [
    ...(await indexObstacles(database, own.indexes, type, indexes)),
    ...declared,
    ...checkObstacles(change, side, own.checks, checks),
    ...policyObstacles(change, side, own.policies, policies),
  ];
}

/**
 * Finds objects that a person must review and that `change.reviewed` does not name yet.
 *
 * @returns an obstacle for each, with the name to add to `change.reviewed`
 */
export async function findUnreviewed(
  database: Queryable,
  change: ChangedColumn,
  side: Side,
): Promise<Obstacle[]> {
  return [
    ...(side === 'old' ? await defaultOfNullableObstacles(database, change) : []),
    ...(await bodyObstacles(database, change, columnAt(change, side).column)),
    ...(await subscriberObstacles(database, change)),
    ...(await subscriptionObstacles(database, change)),
  ];
}
