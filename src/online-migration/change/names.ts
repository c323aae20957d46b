import { createHash } from 'node:crypto';
import { escapeIdentifier } from 'pg';
import { type ChangedColumn, changedColumnsOf } from './changed-column.ts';
import type { ColumnChange } from './column-change.ts';
import { lastingRowKeyOf, type RowKey, rowKeyOf } from './row-key.ts';

/** PostgreSQL truncates longer identifiers without an error, and two names could become equal. */
export const MAX_IDENTIFIER_BYTES = 63;
const HASH_CHARACTERS = 8;
const CUT_NAME = new RegExp(` [0-9a-f]{${HASH_CHARACTERS}}$`);

/** The schema that holds the package's tables and functions. */
export const PACKAGE_SCHEMA = 'online_migration';
/** The schema that holds the queue of a backfill's ranges, while worker processes take them. */
export const QUEUE_SCHEMA = 'online_migration_queue';

/** The names that all columns of a change share. */
export interface ChangeNames {
  /** The name of the change, a value and not an identifier: `public.large_record.created_at`. */
  readonly change: string;
  /** Schema and table, quoted. */
  readonly table: string;
  /** Identifies a row before contract. */
  readonly key: RowKey;
  /** Identifies a row after contract; kept values are recorded under it. */
  readonly lastingKey: RowKey;
}

/** The quoted names for the SQL of one column of a change. */
export interface Names extends ChangeNames {
  /**
   * The name under which the rejects and the kept values of the column are recorded, a value and not an identifier: the
   * name of the change, and the column if the change has several.
   */
  readonly record: string;
  readonly oldColumn: string;
  readonly newColumn: string;
  /** Function from the old type to the new one, with its schema. */
  readonly forward: string;
  /** The same for statements that convert thousands of values; `forward` itself if the conversion has one function for both. */
  readonly forwardInBulk: string;
  /** Function from the new type to the old one, with its schema. */
  readonly backward: string;
  /** Trigger function, with its schema. */
  readonly syncFunction: string;
  /** Function of the triggers that keep old values while contract proves equality, with its schema. */
  readonly keepFunction: string;
  /** All functions of the column, with their schema. */
  readonly functions: readonly string[];
  /** Trigger on insert. */
  readonly insertTrigger: string;
  /** Trigger on update. */
  readonly updateTrigger: string;
  /** Triggers that keep old values, after an insert and after an update. */
  readonly keepInsertTrigger: string;
  readonly keepUpdateTrigger: string;
  /** The check that proves without blocking reads and writes that a column is filled. */
  readonly filledCheck: string;
  /** For a nullable change, in place of NOT NULL: the check that marks the new column as enforced. */
  readonly enforcedCheck: string;
  /** For a nullable change, in place of a missing NOT NULL: the check that marks the old column as not filled yet. */
  readonly fillingCheck: string;
}

/** The name of a change: the declared one, or the schema, the table and the columns. */
export function nameOf(change: ColumnChange): string {
  const [column] = changedColumnsOf(change);
  return changeNamesOf(column).change;
}

/** Schema and table, quoted. */
export function quotedTable({ schema, name }: ColumnChange['table']): string {
  return `${escapeIdentifier(schema)}.${escapeIdentifier(name)}`;
}

/**
 * The names of a change that do not depend on one of its columns.
 * @param change the declared change
 */
export function changeNamesOf(change: ColumnChange): ChangeNames {
  const { schema, name } = change.table;
  const columns = change.columns.map(({ from }) => from.name).join(',');
  return {
    change: change.name ?? `${schema}.${name}.${columns}`,
    table: quotedTable(change.table),
    key: rowKeyOf(change),
    lastingKey: lastingRowKeyOf(change),
  };
}

/**
 * All names that a column of a change uses in SQL, quoted.
 * @param change the column of a declared change
 */
export function namesOf(change: ChangedColumn): Names {
  const shared = changeNamesOf(change);
  const record = recordName(shared.change, change.oldColumn.name, change.columns.length);
  const packageObject = (role: string) =>
    `${escapeIdentifier(PACKAGE_SCHEMA)}.${escapeIdentifier(fitting(`${record} ${role}`))}`;
  const forward = packageObject('forward');
  const forwardInBulk = change.conversion?.forwardInBulk ? packageObject('forward in bulk') : forward;
  const backward = packageObject('backward');
  const syncFunction = packageObject('sync');
  const keepFunction = packageObject('keep');
  const triggers = triggerNames(change.oldColumn.name);
  return {
    ...shared,
    record,
    oldColumn: escapeIdentifier(change.oldColumn.name),
    newColumn: escapeIdentifier(change.newColumn.name),
    forward,
    forwardInBulk,
    backward,
    syncFunction,
    keepFunction,
    functions: [forward, forwardInBulk, backward, syncFunction, keepFunction],
    insertTrigger: escapeIdentifier(triggers.insert),
    updateTrigger: escapeIdentifier(triggers.update),
    keepInsertTrigger: escapeIdentifier(triggers.keepInsert),
    keepUpdateTrigger: escapeIdentifier(triggers.keepUpdate),
    filledCheck: escapeIdentifier(fitting(`${change.newColumn.name}_filled`)),
    enforcedCheck: escapeIdentifier(fitting(`${change.newColumn.name}_enforced`)),
    fillingCheck: escapeIdentifier(fitting(`${change.oldColumn.name}_filling`)),
  };
}

/**
 * The names of a change's triggers, unquoted. Triggers fire in the order of their names: the sync triggers must see
 * the changes that all others made to the row.
 */
export function triggerNames(
  oldColumn: string,
): Readonly<Record<'insert' | 'update' | 'keepInsert' | 'keepUpdate', string>> {
  return {
    insert: fitting(`~sync_${oldColumn}_insert`),
    update: fitting(`~sync_${oldColumn}_update`),
    keepInsert: fitting(`~keep_${oldColumn}_insert`),
    keepUpdate: fitting(`~keep_${oldColumn}_update`),
  };
}

/**
 * The name under which the functions, the rejects and the kept values of a column are recorded.
 * @param change the name of the change
 * @param column the old column
 * @param columns how many columns the change has
 */
export function recordName(change: string, column: string, columns: number): string {
  return columns === 1 ? change : `${change} ${column}`;
}

/** The {@link recordName} of each column of a change. */
export function recordsOf(change: ColumnChange): readonly string[] {
  const { change: name } = changeNamesOf(change);
  return change.columns.map(({ from }) => recordName(name, from.name, change.columns.length));
}

/**
 * The name of the trigger function of a column in the package's schema, unquoted.
 * @param record the {@link recordName} of the column
 */
export function syncFunctionName(record: string): string {
  return fitting(`${record} sync`);
}

/** The name of the declared index, on the table or on one of its partitions. */
export function newColumnIndexName(change: ChangedColumn, table: string): string {
  return fitting(`${table}_${change.newColumn.name}_idx`);
}

/** Fits a name into PostgreSQL's limit: a longer name is truncated and gets a hash of the whole name. */
export function fitting(name: string): string {
  if (Buffer.byteLength(name) <= MAX_IDENTIFIER_BYTES) return name;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, HASH_CHARACTERS);
  // By characters: half of a surrogate pair would reach PostgreSQL as another character.
  const kept = Array.from(name);
  while (Buffer.byteLength(kept.join('')) > MAX_IDENTIFIER_BYTES - HASH_CHARACTERS - 1) kept.pop();
  return `${kept.join('')} ${hash}`;
}

/** Whether {@link fitting} may have truncated a name. */
export function isCut(name: string): boolean {
  return CUT_NAME.test(name);
}
