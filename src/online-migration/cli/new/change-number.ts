import { type ChangedColumn, isRename } from '../../change/changed-column.ts';
import { namesOf } from '../../change/names.ts';
import { OnlineMigrationError } from '../../change/online-migration-error.ts';
import { canonicalType, type DescribingQueryable, type TableFacts } from './table-facts.ts';

/** The first change of a column has no number. */
const SECOND = 2;

/**
 * The number of the change among those of its column; undefined for the first one.
 * @throws OnlineMigrationError if an earlier change is unfinished: the column does not have that change's new type
 */
export async function numberOf(
  database: DescribingQueryable,
  change: ChangedColumn,
  others: readonly ChangedColumn[],
): Promise<number | undefined> {
  const last = others.findLast((other) => placeOf(other) === placeOf(change));
  if (last === undefined) return undefined;
  const { name: newName, type } = last.newColumn;
  // The column still has the name before the rename.
  if (isRename(last) || (await canonicalType(database, type)) !== change.oldColumn.type) {
    throw new OnlineMigrationError(
      'CHANGE_NOT_FINISHED',
      `src/column-changes.ts has a change of ${namesOf(change).change} already, to ${isRename(last) ? newName : type}, which is not finished. ` +
        `Nothing was written. Finish that one, or take it out of the list.`,
      { change: namesOf(change).change, type },
    );
  }
  const taken = new Set(others.map((other) => namesOf(other).change));
  let number = SECOND;
  while (taken.has(numbered(change, number))) number += 1;
  return number;
}

/** A name that neither a column nor an earlier change of the table has used. */
export function interimName(table: TableFacts, column: string, others: readonly ChangedColumn[]): string {
  const used = new Set([
    ...table.columns.map(({ name }) => name),
    ...others
      .filter((other) => other.table.schema === table.schema && other.table.name === table.name)
      .map(({ newColumn }) => newColumn.name),
  ]);
  const first = `${column}_new`;
  let name = first;
  for (let number = SECOND; used.has(name); number += 1) name = `${first}_${number}`;
  return name;
}

function placeOf({ table, oldColumn }: ChangedColumn): string {
  return JSON.stringify([table.schema, table.name, oldColumn.name]);
}

export function numbered(change: ChangedColumn, number: number): string {
  return `${namesOf(change).change} ${number}`;
}
