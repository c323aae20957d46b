import { escapeIdentifier } from 'pg';
import { type ChangedColumn, changedColumnsOf } from '../../../change/changed-column.ts';
import { OnlineMigrationError } from '../../../change/online-migration-error.ts';
import { columnsByWay } from '../../../new-change/instant/instant-column.ts';
import type { NewChange, NewColumn } from '../../../new-change/new-change.ts';
import { planChange, type WantedChange } from '../../../new-change/plan-change.ts';
import { planChanges, type Project, projectAfter } from '../../../new-change/plan-keys.ts';
import type { Session } from '../../../postgres/session.ts';
import type { ChangedType, TypeChanges } from '../schemas/type-changes.ts';
import type { TablePlace } from '../schemas/table-place.ts';

/** The plans of column changes, and the columns that PostgreSQL changes at once, but not back. */
export interface PlannedTypes {
  readonly changes: NewChange[];
  readonly oneWay: readonly TypeChanges[];
}

/**
 * Plans a column change for each table whose columns need one.
 *
 * 1. A column whose type PostgreSQL changes at once stays in the ordinary migration.
 * 2. The other columns of a table share a change. A column that refers to a key comes before it, so that it holds each value of the key.
 *
 * @param changes of the types, for tables and types that are there
 * @param project its changes so far, and the names of its migrations
 */
export async function planTypeChanges(
  session: Session,
  changes: readonly TypeChanges[],
  project: Project,
  referring: (one: TablePlace, other: TablePlace) => boolean,
): Promise<PlannedTypes> {
  const plans: NewChange[] = [];
  const oneWay: TypeChanges[] = [];
  for (const { columns, ...table } of inOrder(changes, referring)) {
    const now = projectAfter(project, plans);
    const open = columns.filter((column) => !isPlanned(plans, table, column));
    const ways = await waysOf(session, table, open, now);
    plans.push(...(await planGroup(session, table, ways.phased, now)));
    oneWay.push({ ...table, columns: ways.oneWay });
  }
  return { changes: plans, oneWay };
}

/** The tables that refer to others come before these. */
function inOrder(
  changes: readonly TypeChanges[],
  referring: (one: TablePlace, other: TablePlace) => boolean,
): TypeChanges[] {
  const ordered: TypeChanges[] = [];
  const open = [...changes];
  while (open.length > 0) {
    const next = open.findIndex((one) => !open.some((other) => other !== one && referring(other, one)));
    // Tables that refer to each other have no order.
    ordered.push(...open.splice(Math.max(next, 0), 1));
  }
  return ordered;
}

/** The columns that need phases, and those that PostgreSQL changes at once, but not back. */
async function waysOf(
  session: Session,
  table: TablePlace,
  columns: readonly ChangedType[],
  project: Project,
): Promise<{ readonly phased: readonly ChangedType[]; readonly oneWay: readonly ChangedType[] }> {
  if (columns.length === 0) return { phased: [], oneWay: [] };
  const plan = await planChange(
    session,
    wantedChange(table, columns),
    { migrations: project.migrations, firstPlace: 0 },
    project.changes,
    project.earlierMigrations,
  );
  const { instant, phased } = await columnsByWay(session, plan);
  const among = (found: readonly { readonly planned: NewColumn }[]) =>
    columns.filter(({ name }) => found.some(({ planned }) => planned.facts.name === name));
  return { phased: among(phased), oneWay: among(instant.filter(({ isDownInstant }) => !isDownInstant)) };
}

/** A key that columns of its own table refer to has a change of its own, which comes with theirs. */
async function planGroup(
  session: Session,
  table: TablePlace,
  columns: readonly ChangedType[],
  project: Project,
): Promise<NewChange[]> {
  if (columns.length === 0) return [];
  try {
    return await planChanges(session, wantedChange(table, columns), project);
  } catch (error) {
    if (!(error instanceof OnlineMigrationError) || error.code !== 'KEY_AMONG_COLUMNS') throw error;
    const keys = error.details['columns'] as readonly string[];
    const plans: NewChange[] = [];
    for (const key of columns.filter(({ name }) => keys.includes(name))) {
      plans.push(...(await planChanges(session, wantedChange(table, [key]), projectAfter(project, plans))));
    }
    const others = columns.filter((column) => !isPlanned(plans, table, column));
    return [...plans, ...(await planGroup(session, table, others, projectAfter(project, plans)))];
  }
}

/** Whether the change of a key has brought that of a column. */
function isPlanned(
  plans: readonly NewChange[],
  { schema, table }: TablePlace,
  { name }: ChangedType,
): boolean {
  return columnsOf(plans).some(
    (column) =>
      column.table.schema === schema && column.table.name === table && column.oldColumn.name === name,
  );
}

function columnsOf(plans: readonly NewChange[]): ChangedColumn[] {
  return plans.flatMap(({ change }) => changedColumnsOf(change));
}

/** Names are quoted, so that each has only one meaning. */
function wantedChange({ schema, table }: TablePlace, columns: readonly ChangedType[]): WantedChange {
  return {
    table: `${escapeIdentifier(schema)}.${escapeIdentifier(table)}`,
    columns: columns.map(({ name }) => escapeIdentifier(name)),
    from: undefined,
    to: columns.map(({ to }) => to),
    newColumn: undefined,
    zone: undefined,
    rename: undefined,
    renameInContract: false,
  };
}
