import { escapeIdentifier, escapeLiteral } from 'pg';
import type { ChangedColumn } from '../change/changed-column.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { otherSide, type Side } from '../sync/filled-column.ts';
import { namesOf } from '../change/names.ts';
import type { LockedPlan } from '../postgres/exclusive-lock.ts';
import { readAttachments } from './attachments.ts';
import type { CarriedCheck } from './checks.ts';
import { privilegeStatements, propertyStatements, readColumnProperties } from './column-properties.ts';
import { type ForeignKey, otherEnds } from './foreign-keys.ts';
import { dropPartitionedMirror, readIndexPartitions, renamePartitions } from './index-partitions.ts';
import type { CarriedIndex } from './indexes.ts';
import { type Numbering, numberingStatements, readNumbering } from './numbering.ts';
import { planStatistics } from './extended-statistics.ts';
import { policyStatement } from './policies.ts';
import { columnAt, mirrorName } from './table-column.ts';
import { translate } from './translation.ts';

/**
 * Plans how the indexes and keys of one column are handed over to the other column, which has copies of them. All
 * statements only change the catalog, and the names stay the same. The plan is made before the lock, so that nothing
 * is read under it.
 *
 * 1. Drop each foreign key and give its name to its copy. This precedes the indexes, because foreign keys of other
 *    tables depend on them.
 * 2. Drop each index and give its name to its copy, including the primary key or the unique constraint.
 * 3. Drop each check and give its name to its copy.
 * 4. Give each policy its conditions for the other column. It cannot have a copy.
 * 5. Make the extended statistics anew.
 *
 * @param from the column that has them
 */
export async function planHandover(
  database: Queryable,
  change: ChangedColumn,
  from: Side,
): Promise<LockedPlan> {
  const { table } = namesOf(change);
  const { own } = await readAttachments(database, change, from);
  const unmirrored = new Set(await findUnmirrored(database, change, from));
  const isMirrored = ({ name }: { name: string }) => !unmirrored.has(name);
  const foreignKeys = own.foreignKeys.filter(isMirrored);
  const { policies } = await translate(database, change, from, {
    indexes: [],
    checks: [],
    policies: own.policies,
  });
  const indexes: string[] = [];
  for (const index of own.indexes.filter(isMirrored)) {
    indexes.push(...indexStatements(table, index), ...(await partitionStatements(database, index)));
  }
  const statistics = await planStatistics(database, change, from);
  return {
    statements: [
      ...foreignKeys.flatMap((key) => foreignKeyStatements(key)),
      ...indexes,
      ...own.checks.filter(isMirrored).flatMap((check) => checkStatements(table, check)),
      ...[...policies].flatMap(([name, policy]) =>
        'definition' in policy ? [policyStatement(table, name, policy.definition)] : [],
      ),
      ...statistics.statements,
    ],
    furtherTables: otherEnds(foreignKeys),
  };
}

/**
 * The names of one column's indexes, checks and foreign keys without a copy on the other column. They were created in the
 * meantime, and a handover leaves them unchanged.
 */
export async function findUnmirrored(
  database: Queryable,
  change: ChangedColumn,
  from: Side,
): Promise<string[]> {
  const { own } = await readAttachments(database, change, from);
  const { mirrors } = await readAttachments(database, change, otherSide(from));
  const mirrorNames = new Set(
    [...mirrors.indexes, ...mirrors.checks, ...mirrors.foreignKeys].map(({ name }) => name),
  );
  return [...own.indexes, ...own.checks, ...own.foreignKeys]
    .map(({ name }) => name)
    .filter((name) => !mirrorNames.has(mirrorName(name)));
}

/**
 * Plans how the remaining properties are handed over: the numbering, which continues, or the default; the comment, the
 * privileges and the statistics settings. While both columns exist, these belong to the old column: a default on the new one would
 * look like a value written through it.
 */
export async function planValueHandover(
  database: Queryable,
  change: ChangedColumn,
  from: Side,
): Promise<LockedPlan> {
  const { table } = namesOf(change);
  const staying = escapeIdentifier(columnAt(change, otherSide(from)).column);
  const numbering = await readNumbering(database, columnAt(change, from));
  return {
    statements: [
      ...valueStatements(change, from, numbering),
      ...propertyStatements(await readColumnProperties(database, columnAt(change, from)), table, staying),
    ],
    furtherTables: [],
    sequences: numbering === null ? [] : [numbering.sequence],
  };
}

/** Plans how the privileges of one column are granted on the other, which must exist by then. */
export async function planPrivileges(
  database: Queryable,
  change: ChangedColumn,
  from: Side,
): Promise<LockedPlan> {
  const { table } = namesOf(change);
  const { privileges } = await readColumnProperties(database, columnAt(change, from));
  const staying = escapeIdentifier(columnAt(change, otherSide(from)).column);
  return { statements: privilegeStatements(privileges, table, staying), furtherTables: [] };
}

function valueStatements(change: ChangedColumn, from: Side, numbering: Numbering | null): string[] {
  const { table, oldColumn, newColumn } = namesOf(change);
  const [leaving, staying] = from === 'old' ? [oldColumn, newColumn] : [newColumn, oldColumn];
  const { type, default: expression } = from === 'old' ? change.newColumn : change.oldColumn;
  if (numbering !== null) {
    return numberingStatements(numbering, { table, from: leaving, to: staying, toType: type });
  }
  return expression === undefined ? [] : defaultStatements(table, leaving, staying, expression);
}

/** Plans how one column's copies of the other column's attachments are dropped. */
export async function planMirrorDrop(
  database: Queryable,
  change: ChangedColumn,
  side: Side,
): Promise<LockedPlan> {
  const { table } = namesOf(change);
  const { mirrors } = await readAttachments(database, change, side);
  const { own: originals } = await readAttachments(database, change, otherSide(side));
  const partitioned: string[] = [];
  for (const { schema, name } of originals.indexes.filter(({ isPartitioned }) => isPartitioned)) {
    partitioned.push(
      ...(await dropPartitionedMirror(database, await readIndexPartitions(database, schema, name))),
    );
  }
  return {
    statements: [
      ...mirrors.foreignKeys.map(
        ({ owner, name }) => `alter table ${owner} drop constraint ${escapeIdentifier(name)}`,
      ),
      ...partitioned,
      ...mirrors.indexes
        .filter(({ isPartitioned }) => !isPartitioned)
        .map(({ schema, name }) => `drop index ${schema}.${escapeIdentifier(name)}`),
      ...mirrors.checks.map(({ name }) => `alter table ${table} drop constraint ${escapeIdentifier(name)}`),
    ],
    furtherTables: otherEnds(mirrors.foreignKeys),
  };
}

/** Joins several plans in their order. */
export function joined(...plans: readonly LockedPlan[]): LockedPlan {
  return {
    statements: plans.flatMap(({ statements }) => statements),
    furtherTables: [...new Set(plans.flatMap(({ furtherTables }) => furtherTables))],
    sequences: plans.flatMap(({ sequences = [] }) => sequences),
    earlier: plans.flatMap(({ earlier = [] }) => earlier),
  };
}

/** Runs the statements of a plan in their order. All its tables must be locked. */
export async function runPlan(database: Queryable, { statements }: LockedPlan): Promise<void> {
  for (const statement of statements) await database.query(statement);
}

function defaultStatements(table: string, leaving: string, staying: string, expression: string): string[] {
  return [
    `alter table ${table} alter column ${staying} set default ${expression}`,
    `alter table ${table} alter column ${leaving} drop default`,
  ];
}

function foreignKeyStatements({ owner, name, comment, isDeferrable, isDeferred }: ForeignKey): string[] {
  const [quoted, mirror] = [escapeIdentifier(name), escapeIdentifier(mirrorName(name))];
  return [
    `alter table ${owner} drop constraint ${quoted}`,
    `alter table ${owner} rename constraint ${mirror} to ${quoted}`,
    ...(isDeferrable && !isDeferred
      ? [`alter table ${owner} alter constraint ${quoted} deferrable initially immediate`]
      : []),
    ...commentStatements(`constraint ${quoted} on ${owner}`, comment),
  ];
}

function checkStatements(table: string, { name, comment }: CarriedCheck): string[] {
  const [quoted, mirror] = [escapeIdentifier(name), escapeIdentifier(mirrorName(name))];
  return [
    `alter table ${table} drop constraint ${quoted}`,
    `alter table ${table} rename constraint ${mirror} to ${quoted}`,
    ...commentStatements(`constraint ${quoted} on ${table}`, comment),
  ];
}

function indexStatements(table: string, index: CarriedIndex): string[] {
  const { name, schema, constraint, comment, constraintComment } = index;
  const [quoted, mirror] = [escapeIdentifier(name), escapeIdentifier(mirrorName(name))];
  const roles = [
    ...(index.isClustered ? [`alter table ${table} cluster on ${quoted}`] : []),
    ...(index.isReplicaIdentity ? [`alter table ${table} replica identity using index ${quoted}`] : []),
  ];
  if (constraint === null) {
    return [
      `drop index ${schema}.${quoted}`,
      `alter index ${schema}.${mirror} rename to ${quoted}`,
      ...roles,
      ...commentStatements(`index ${schema}.${quoted}`, comment),
    ];
  }
  return [
    `alter table ${table} drop constraint ${quoted}`,
    `alter table ${table} add constraint ${quoted} ${constraint} using index ${mirror}`,
    ...roles,
    ...commentStatements(`index ${schema}.${quoted}`, comment),
    ...commentStatements(`constraint ${quoted} on ${table}`, constraintComment),
  ];
}

async function partitionStatements(
  database: Queryable,
  { isPartitioned, schema, name }: CarriedIndex,
): Promise<string[]> {
  if (!isPartitioned) return [];
  const [, ...tree] = await readIndexPartitions(database, schema, name);
  return renamePartitions(tree, await readIndexPartitions(database, schema, mirrorName(name)));
}

function commentStatements(what: string, comment: string | null): string[] {
  return comment === null ? [] : [`comment on ${what} is ${escapeLiteral(comment)}`];
}
