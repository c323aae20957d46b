import { escapeIdentifier } from 'pg';
import { changedColumnsOf } from '../../change/changed-column.ts';
import type { ColumnChange } from '../../change/column-change.ts';
import type { Side } from '../../sync/filled-column.ts';
import type { ColumnTrigger } from './column-triggers.ts';

/** The columns of each pair that the lists of triggers name. */
export type ListedSides = Side | 'both';

/**
 * The list of a trigger for some sides, in its order. If only the new column of a pair is listed, somebody has listed it
 * on purpose, and it stays for the side `old`.
 * @returns unquoted names
 */
export function listedColumns(
  change: ColumnChange,
  { listed }: Pick<ColumnTrigger, 'listed'>,
  sides: ListedSides,
): readonly string[] {
  const columns = new Set<string>();
  for (const name of listed) {
    const pair = changedColumnsOf(change).find(
      ({ oldColumn, newColumn }) => oldColumn.name === name || newColumn.name === name,
    );
    if (pair === undefined) {
      columns.add(name);
      continue;
    }
    const [one, other] = [pair.oldColumn.name, pair.newColumn.name];
    if (sides === 'new') columns.add(other);
    else if (sides === 'both') columns.add(name).add(name === one ? other : one);
    else columns.add(listed.includes(one) ? one : name);
  }
  return [...columns];
}

/**
 * The statement that creates a trigger.
 * @param table schema and name, quoted
 * @param listed the columns of its list, unquoted
 * @param rest the definition behind the table's name
 */
export function createTrigger(
  { name, isConstraint, timing, otherEvents, firesOnUpdate }: ColumnTrigger,
  table: string,
  listed: readonly string[],
  rest: string,
): string {
  const list =
    listed.length === 0 ? '' : ` of ${listed.map((column) => escapeIdentifier(column)).join(', ')}`;
  const events = [...otherEvents, ...(firesOnUpdate ? [`update${list}`] : [])].join(' or ');
  return `create ${isConstraint ? 'constraint ' : ''}trigger ${escapeIdentifier(name)} ${timing} ${events} on ${table} ${rest}`;
}
