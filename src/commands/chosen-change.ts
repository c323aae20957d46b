import { z } from 'zod';
import { columnChanges } from '../column-changes.ts';
import type { ColumnChange } from '../online-migration/column-change.ts';
import { namesOf } from '../online-migration/names.ts';

/** The option that says which column change a command is about; `text` is how it is written in a usage. */
export const changeOption = {
  text: '[--change <table.column>]',
  schema: z.string({ error: 'must be a table and its column, as in orders.total' }).optional(),
} as const;

/**
 * The column change that a command is about: the one that is named, or the only one that there is.
 *
 * @param name `orders.total`, or with the schema before it
 * @param changes those of the project
 * @throws Error that lists them where the name is of none, or of several, or is missing
 */
export function chosenChange(
  name: string | undefined,
  changes: readonly ColumnChange[] = columnChanges,
): ColumnChange {
  const [only, ...others] = changes.filter(
    (change) => name === undefined || [namesOf(change).change, shortName(change)].includes(name),
  );
  if (only !== undefined && others.length === 0) return only;
  const all = changes.map((change) => `--change ${namesOf(change).change}`).join(', ');
  if (changes.length === 0) throw new Error('src/column-changes.ts lists no column change: add yours to it.');
  if (name === undefined) throw new Error(`There are several column changes. Say which one: ${all}.`);
  if (only === undefined) throw new Error(`There is no column change ${name}. There is: ${all}.`);
  throw new Error(`${name} could be several. Say which one: ${all}.`);
}

function shortName({ table, oldColumn }: ColumnChange): string {
  return `${table.name}.${oldColumn.name}`;
}
