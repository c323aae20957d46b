import { type ChangedColumn, changedColumnsOf, isRename } from '../change/changed-column.ts';
import type { ColumnChange } from '../change/column-change.ts';
import { changeNamesOf } from '../change/names.ts';
import { PHASE_NAMES } from '../change/phase-name.ts';
import { OnlineMigrationError } from '../change/online-migration-error.ts';
import type { RecordedChange } from '../state/recorded-changes.ts';
import { namesFor } from './new-change.ts';
import { canonicalType, type DescribingQueryable, type TableFacts } from './table-facts.ts';

/** The first change of a column has no number. */
const SECOND = 2;

/** The changes that a new one must not be confused with. */
export interface EarlierChanges {
  /** The columns of the changes that the project lists. */
  readonly listed: readonly ChangedColumn[];
  /** The names of its migrations, without their numbers: `expand_orders_total`. */
  readonly migrations: readonly string[];
  /** The changes that the database records. */
  readonly recorded: readonly RecordedChange[];
}

/**
 * The number of the change among those of its columns; undefined for the first one. An earlier change may be listed, recorded in
 * the database, or known by its migrations.
 * @throws OnlineMigrationError if an earlier change of a column is unfinished: the column does not have that change's new type
 */
export async function numberOf(
  database: DescribingQueryable,
  change: ColumnChange,
  { listed, migrations, recorded }: EarlierChanges,
): Promise<number | undefined> {
  for (const column of changedColumnsOf(change)) {
    const last = listed.findLast((other) => placeOf(other) === placeOf(column));
    if (last !== undefined) await refuseUnfinished(database, column, last);
  }
  const names = new Set([
    ...listed.map((other) => changeNamesOf(other).change),
    ...recorded.map(({ name }) => name),
  ]);
  const columns = change.columns.map(({ from }) => from.name);
  const isTaken = (number: number | undefined) => {
    const { migration } = namesFor(change.table, columns, number);
    return (
      names.has(number === undefined ? changeNamesOf(change).change : numbered(change, number)) ||
      PHASE_NAMES.some((phase) => migrations.includes(`${phase}_${migration}`))
    );
  };
  // An earlier change of the same columns may have a name of its own.
  const hasEarlier = listed.some((other) => placesOf(other) === placesOf(change));
  if (!hasEarlier && !isTaken(undefined)) return undefined;
  let number = SECOND;
  while (isTaken(number)) number += 1;
  return number;
}

async function refuseUnfinished(
  database: DescribingQueryable,
  { table, oldColumn }: ChangedColumn,
  last: ChangedColumn,
): Promise<void> {
  const { name: newName, type } = last.newColumn;
  // The column still has the name before the rename.
  if (!isRename(last) && (await canonicalType(database, type)) === oldColumn.type) return;
  const change = `${table.schema}.${table.name}.${oldColumn.name}`;
  throw new OnlineMigrationError(
    'CHANGE_NOT_FINISHED',
    `src/column-changes.ts has a change of ${change} already, to ${isRename(last) ? newName : type}, which is not finished. ` +
      `Nothing was written. Finish that one, or take it out of the list.`,
    { change, type },
  );
}

/** A name that neither a column nor an earlier change of the table has used. */
export function interimName(table: TableFacts, column: string, { listed, recorded }: EarlierChanges): string {
  const used = new Set([
    ...table.columns.map(({ name }) => name),
    ...listed
      .filter((other) => other.table.schema === table.schema && other.table.name === table.name)
      .map(({ newColumn }) => newColumn.name),
    ...recorded
      .filter((other) => other.schema === table.schema && other.table === table.name)
      .flatMap(({ columns }) => columns.map(({ newColumn }) => newColumn)),
  ]);
  const first = `${column}_new`;
  let name = first;
  for (let number = SECOND; used.has(name); number += 1) name = `${first}_${number}`;
  return name;
}

function placeOf({ table, oldColumn }: ChangedColumn): string {
  return JSON.stringify([table.schema, table.name, oldColumn.name]);
}

function placesOf({ table, columns }: ColumnChange): string {
  return JSON.stringify([table.schema, table.name, ...columns.map(({ from }) => from.name)]);
}

/** The name of a later change of the same columns. */
export function numbered(change: ColumnChange, number: number): string {
  return `${changeNamesOf(change).change} ${number}`;
}
