import { escapeIdentifier } from 'pg';
import type { ColumnChange } from '../change/column-change.ts';
import { type ChangedColumn, changedColumnsOf } from '../change/changed-column.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { otherSide, type Side } from '../sync/filled-column.ts';
import { changeNamesOf, namesOf } from '../change/names.ts';
import type { LockedPlan } from '../postgres/exclusive-lock.ts';
import { readAttachmentsAndCopies } from './attachments.ts';
import type { CarriedCheck } from './checks.ts';
import { dropStatements } from './copy-drop.ts';
import { compareCopies, orphansOf, withCopies, withoutCopies } from './copies.ts';
import { privilegeStatements, propertyStatements, readColumnProperties } from './column-properties.ts';
import { foreignKeyHandover } from './foreign-key-handover.ts';
import { otherEnds } from './foreign-keys.ts';
import { indexHandover, ownComment } from './index-handover.ts';
import { type Numbering, numberingStatements, readNumbering } from './numbering.ts';
import { planStatistics } from './extended-statistics.ts';
import { policyStatement } from './policies.ts';
import { planPolicies } from './plan-subquery-policies.ts';
import { columnAt, mirrorName } from './table-column.ts';
import { NOTHING_DEFINED } from './translated.ts';
import { translate } from './translation.ts';

/**
 * Plans how the indexes and keys of one side are handed over to the columns of the other side, which have copies of them. All
 * statements only change the catalog, and the names stay the same. The plan is made before the lock, so that nothing
 * is read under it.
 *
 * 1. Drop copies whose original was dropped or renamed in the meantime.
 * 2. Drop each foreign key and give its name to its copy. This precedes the indexes, because foreign keys of other
 *    tables depend on them.
 * 3. Drop each index and give its name to its copy, including the primary key or the unique constraint.
 * 4. Drop each check and give its name to its copy.
 * 5. Give each policy its conditions for the other columns, also policies of other tables that read a column in a subquery.
 *    A policy cannot have a copy.
 * 6. Make the extended statistics anew.
 *
 * @param from the side that has them
 */
export async function planHandover(
  database: Queryable,
  change: ColumnChange,
  from: Side,
): Promise<LockedPlan> {
  const { table } = changeNamesOf(change);
  const { own, mirrors } = await readAttachmentsAndCopies(database, change, from);
  const orphans = orphansOf(own, mirrors);
  const carried = withCopies(own, mirrors);
  const { policies } = await translate(database, change, from, {
    ...NOTHING_DEFINED,
    policies: own.policies,
  });
  const indexes: string[] = [];
  for (const index of carried.indexes) {
    indexes.push(...(await indexHandover(database, index)));
  }
  const attached: LockedPlan = {
    statements: [
      ...(await dropStatements(database, table, orphans, { indexes: [], foreignKeys: [] })),
      ...carried.foreignKeys.flatMap((key) => foreignKeyHandover(key, mirrors.foreignKeys)),
      ...indexes,
      ...carried.checks.flatMap((check) => checkStatements(table, check)),
      ...[...policies].flatMap(([name, policy]) =>
        'definition' in policy ? [policyStatement(table, name, policy.definition)] : [],
      ),
    ],
    ...otherEnds([...orphans.foreignKeys, ...carried.foreignKeys]),
  };
  return joined(
    attached,
    await planPolicies(database, change, from),
    await planStatistics(database, change, from),
  );
}

/**
 * The names of one side's indexes, checks and foreign keys without a copy of their present definition on the other side.
 * They were created or replaced in the meantime.
 */
export async function findUnmirrored(
  database: Queryable,
  change: ColumnChange,
  from: Side,
): Promise<string[]> {
  const { own, mirrors } = await readAttachmentsAndCopies(database, change, from);
  const { indexes, checks, foreignKeys } = withoutCopies(own, compareCopies(own, mirrors).current);
  return [...indexes, ...checks, ...foreignKeys].map(({ name }) => name);
}

/**
 * Plans how the remaining properties are handed over: the numbering, which continues, or the default; the comment, the
 * privileges and the statistics settings. While both columns exist, these belong to the old one: a default on the new one would
 * look like a value written through it.
 */
export async function planValueHandover(
  database: Queryable,
  change: ColumnChange,
  from: Side,
): Promise<LockedPlan> {
  const { table } = changeNamesOf(change);
  const plans: LockedPlan[] = [];
  for (const column of changedColumnsOf(change)) {
    const staying = escapeIdentifier(columnAt(column, otherSide(from)).column);
    const numbering = await readNumbering(database, columnAt(column, from));
    plans.push({
      statements: [
        ...valueStatements(column, from, numbering),
        ...propertyStatements(await readColumnProperties(database, columnAt(column, from)), table, staying),
      ],
      furtherTables: [],
      sequences: numbering === null ? [] : [numbering.sequence],
    });
  }
  return joined(...plans);
}

/** Plans how the privileges of each column are granted on the other one of its pair, which must exist by then. */
export async function planPrivileges(
  database: Queryable,
  change: ColumnChange,
  from: Side,
): Promise<LockedPlan> {
  const { table } = changeNamesOf(change);
  const statements: string[] = [];
  for (const column of changedColumnsOf(change)) {
    const { privileges } = await readColumnProperties(database, columnAt(column, from));
    const staying = escapeIdentifier(columnAt(column, otherSide(from)).column);
    statements.push(...privilegeStatements(privileges, table, staying));
  }
  return { statements, furtherTables: [] };
}

function valueStatements(column: ChangedColumn, from: Side, numbering: Numbering | null): string[] {
  const { table, oldColumn, newColumn } = namesOf(column);
  const [leaving, staying] = from === 'old' ? [oldColumn, newColumn] : [newColumn, oldColumn];
  const { type, default: expression } = from === 'old' ? column.newColumn : column.oldColumn;
  if (numbering !== null) {
    return numberingStatements(numbering, { table, from: leaving, to: staying, toType: type });
  }
  return expression === undefined ? [] : defaultStatements(table, leaving, staying, expression);
}

/** Joins several plans in their order. */
export function joined(...plans: readonly LockedPlan[]): LockedPlan {
  const furtherTables = [...new Set(plans.flatMap((plan) => plan.furtherTables))];
  return {
    statements: plans.flatMap(({ statements }) => statements),
    furtherTables,
    referencedTables: [...new Set(plans.flatMap(({ referencedTables = [] }) => referencedTables))].filter(
      (name) => !furtherTables.includes(name),
    ),
    sequences: plans.flatMap(({ sequences = [] }) => sequences),
    earlier: plans.flatMap(({ earlier = [] }) => earlier),
  };
}

function defaultStatements(table: string, leaving: string, staying: string, expression: string): string[] {
  return [
    `alter table ${table} alter column ${staying} set default ${expression}`,
    `alter table ${table} alter column ${leaving} drop default`,
  ];
}

function checkStatements(table: string, { name, comment }: CarriedCheck): string[] {
  const [quoted, mirror] = [escapeIdentifier(name), escapeIdentifier(mirrorName(name))];
  return [
    `alter table ${table} drop constraint ${quoted}`,
    `alter table ${table} rename constraint ${mirror} to ${quoted}`,
    ownComment(`constraint ${quoted} on ${table}`, comment),
  ];
}
