import { type ChangedColumn, changedColumnsOf } from '../../change/changed-column.ts';
import type { ColumnChange } from '../../change/column-change.ts';
import type { Obstacle } from '../../change/obstacle.ts';

/** The properties of a column that messages name: `to.type`. */
const PROPERTY = /`(from|to|conversion|nullable)\b/g;

/**
 * Finds the obstacles of each column of a change. Columns can have the same obstacle, which is told once. If the change has
 * several columns, the messages say which one declares a property: `columns[1].to.type`.
 * @param find returns null if the table does not have the column
 * @returns null if that is so for one of the columns
 */
export async function ofEach<Found extends Obstacle[] | null>(
  change: ColumnChange,
  find: (column: ChangedColumn) => Found | Promise<Found>,
): Promise<Obstacle[] | (Found & null)> {
  const columns = changedColumnsOf(change);
  const found = new Map<string, Obstacle>();
  for (const [place, column] of columns.entries()) {
    const obstacles = await find(column);
    if (obstacles === null) return obstacles;
    for (const one of obstacles) {
      const told = columns.length === 1 ? one : ofColumn(one, place);
      found.set(`${told.code} ${told.message}`, told);
    }
  }
  return [...found.values()];
}

function ofColumn(one: Obstacle, place: number): Obstacle {
  const path = `columns[${place}].`;
  const { property } = one.details;
  return {
    ...one,
    message: one.message.replace(PROPERTY, (_text, name: string) => `\`${path}${name}`),
    details:
      typeof property === 'string' && `\`${property}`.match(PROPERTY)
        ? { ...one.details, property: path + property }
        : one.details,
  };
}
