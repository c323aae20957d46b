import { type ChangedColumn, changedColumnsOf, isRename } from '../../change/changed-column.ts';
import type { ColumnChange } from '../../change/column-change.ts';
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
import { type Attachments, readAttachments, readNumberings } from '../attachments.ts';
import { filterObstacles, publicationRights } from './carried-publication-obstacles.ts';
import { checkObstacles, declaredCheckObstacles } from './check-obstacles.ts';
import { columnTriggerObstacles } from './column-trigger-obstacles.ts';
import { conversionTypeObstacles } from './conversion-type-obstacles.ts';
import { declaredGeneratedObstacles } from './declared-generated-obstacles.ts';
import { defaultObstacles, defaultOfNullableObstacles } from './default-obstacles.ts';
import { dependentObstacles } from './dependent-obstacles.ts';
import { ofEach } from './each-column.ts';
import { generatedObstacles } from './generated-obstacles.ts';
import { foreignKeyObstacles } from './foreign-key-obstacles.ts';
import { indexObstacles } from './index-obstacles.ts';
import { expressionObstacles, unknownTypes } from './expression-obstacles.ts';
import { longNameObstacles, nameObstacles } from './name-obstacles.ts';
import { oneWayObstacles, precisionObstacles, typeObstacles } from './declaration-obstacles.ts';
import { partitionObstacles } from './partition-obstacles.ts';
import { policyObstacles, subqueryPolicyObstacles } from './policy-obstacles.ts';
import { privilegeObstacles } from './privilege-obstacles.ts';
import { propertyObstacles } from './property-obstacles.ts';
import { findRenameObstacles } from './rename-obstacles.ts';
import { rightObstacles } from './right-obstacles.ts';
import { statisticsObstacles } from './statistics-obstacles.ts';
import { trialObstacles } from './trial-obstacles.ts';
import { isCarried } from '../generated-columns.ts';
import { columnAt } from '../table-column.ts';
import { translate, triedNames } from '../translation.ts';
import { readTrialRole } from '../trial-role.ts';
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
 * Finds the reasons why columns cannot be changed as declared, before anything is changed.
 *
 * 1. The table, the columns and the declaration must match. PostgreSQL must accept the expressions, and the names
 *    must be free.
 * 2. Attachments of the columns that can be carried over: indexes, primary key, unique constraints, checks, foreign
 *    keys, sequence, triggers, views, virtual columns, policies of all tables, column lists and row filters of publications.
 * 3. All other dependents in the catalog, such as stored generated columns. For a partitioned table, also attachments that only one
 *    partition has.
 * 4. Dependents that the catalog does not record: functions, publications, rules, row types stored elsewhere, other
 *    changes. Also the rights of the role.
 *
 * @returns an obstacle for each reason; none if the change can start
 */
export async function findObstacles(database: Queryable, change: ColumnChange): Promise<Obstacle[]> {
  const columns = changedColumnsOf(change);
  if (isRename(change)) return findRenameObstacles(database, columns[0], 'old');
  const tooLong = await ofEach(change, longNameObstacles);
  if (tooLong.length > 0) return tooLong;
  const unknown = await ofEach(change, (column) => unknownTypes(database, column));
  if (unknown.length > 0) return unknown;
  const fromTable = await ofEach(change, async (column) => {
    const facts = await readColumnFacts(database, column);
    return facts === undefined ? null : tableObstacles(column, facts);
  });
  // The stage says whether the columns exist.
  if (fromTable === null) return [];
  if (fromTable.some(({ code }) => WRONG_COLUMN.has(code))) return fromTable;
  return withoutRepeats([
    ...fromTable,
    ...(await ofEach(change, (column) => declarationObstacles(database, column))),
    ...(await nameObstacles(
      database,
      change,
      await readAttachments(database, change, 'old'),
      await readNumberings(database, change, 'old'),
    )),
    ...(await otherChangeObstacles(database, change)),
    ...(await findPreparations(database, change)),
    ...(await rowSecurityObstacles(database, change)),
    ...(await findObstaclesOfActiveColumn(database, change)),
  ]);
}

/** Finds contradictions between the types of a column and its declaration. */
async function declarationObstacles(database: Queryable, column: ChangedColumn): Promise<Obstacle[]> {
  const ofExpressions = await expressionObstacles(database, column);
  return [
    ...(await typeObstacles(database, column)),
    // An expression with an error cannot be tried either.
    ...(ofExpressions.length > 0
      ? ofExpressions
      : [
          ...(await conversionTypeObstacles(database, column)),
          ...(await precisionObstacles(database, column)),
        ]),
    ...(await oneWayObstacles(database, column)),
  ];
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
export async function findPreparations(database: Queryable, change: ColumnChange): Promise<Obstacle[]> {
  // A rename has no backfill.
  if (isRename(change)) return stateObstacles(database, change);
  return [...(await stateObstacles(database, change)), ...(await triggerObstacles(database, change))];
}

/**
 * Finds attachments of the old columns, including their defaults, that can neither be carried over nor be dropped with
 * them. (While a revert of contract is filling the old columns, the defaults belong to the new ones.)
 *
 * @returns an obstacle for each reason
 */
export async function findObstaclesOfActiveColumn(
  database: Queryable,
  change: ColumnChange,
): Promise<Obstacle[]> {
  return [
    ...(await ofEach(change, (column) => defaultObstacles(database, column))),
    ...(await findAttachedObstacles(database, change, 'old')),
  ];
}

/**
 * Finds attachments of the columns on one side that can neither be carried over nor be dropped with them. A change takes
 * days, and somebody may have added a view or a check in the meantime.
 *
 * @returns an obstacle for each reason
 */
export async function findAttachedObstacles(
  database: Queryable,
  change: ColumnChange,
  side: Side,
): Promise<Obstacle[]> {
  const own = await readAttachments(database, change, side);
  return [
    ...(await ofEach(change, (column) => propertyObstacles(database, columnAt(column, side)))),
    ...(await definitionObstacles(database, change, side, own)),
    ...(await subqueryPolicyObstacles(database, change, side)),
    ...(await foreignKeyObstacles(database, change, side, own.foreignKeys)),
    ...(await statisticsObstacles(database, change, side)),
    ...(await ofEach(change, async (column) => [
      ...(await privilegeObstacles(database, column, side)),
      ...(await dependentObstacles(database, columnAt(column, side))),
    ])),
    ...(await columnTriggerObstacles(database, change, side)),
    ...(await viewObstacles(database, change, side)),
    ...(await ofEach(change, async (column) => [
      ...(await partitionObstacles(database, column, columnAt(column, side))),
      ...(await writeObstacles(database, column)),
      ...(await rowTypeObstacles(database, column)),
    ])),
    ...(await replicaIdentityObstacles(database, change)),
    ...(await findUnreviewed(database, change, side)),
    ...(await rightObstacles(database, change, own, await readNumberings(database, change, side))),
  ];
}

/** Finds indexes, checks, policies, row filters and generated columns without a definition for the columns of the other side. */
async function definitionObstacles(
  database: Queryable,
  change: ColumnChange,
  side: Side,
  own: Attachments,
): Promise<Obstacle[]> {
  const carried = {
    ...own,
    indexes: own.indexes.filter((index) => index.obstacle === null),
    generated: own.generated.filter(isCarried),
  };
  const rights = [
    ...(await trialObstacles(database, triedNames(carried), await readTrialRole(database, change))),
    ...(await publicationRights(database, change, side)),
  ];
  if (rights.length > 0) {
    return [
      ...(await indexObstacles(database, change, side, own.indexes, new Map())),
      ...generatedObstacles(change, side, own.generated, new Map()),
      ...rights,
    ];
  }
  const declared =
    side === 'old'
      ? [
          ...(await declaredCheckObstacles(database, change, own.checks)),
          ...(await declaredGeneratedObstacles(database, change, own.generated)),
        ]
      : [];
  const { indexes, checks, policies, filters, generated } = await translate(database, change, side, carried);
  return [
    ...(await indexObstacles(database, change, side, own.indexes, indexes)),
    ...declared,
    ...checkObstacles(change, side, own.checks, checks),
    ...policyObstacles(change, side, own.policies, policies),
    ...filterObstacles(change, side, own.filters, filters),
    ...generatedObstacles(change, side, own.generated, generated),
  ];
}

/**
 * Finds objects that a person must review and that `change.reviewed` does not name yet.
 *
 * @returns an obstacle for each, with the name to add to `change.reviewed`
 */
export async function findUnreviewed(
  database: Queryable,
  change: ColumnChange,
  side: Side,
): Promise<Obstacle[]> {
  return ofEach(change, async (column) => [
    ...(side === 'old' ? await defaultOfNullableObstacles(database, column) : []),
    ...(await bodyObstacles(database, column, columnAt(column, side).column)),
    ...(await subscriberObstacles(database, column)),
    ...(await subscriptionObstacles(database, column)),
  ]);
}
