import { z } from 'zod';
import { columnChanges } from '../column-changes.ts';
import { type ChangedColumn, changedColumnOf } from '../online-migration/change/changed-column.ts';
import { OnlineMigrationError } from '../online-migration/change/online-migration-error.ts';
import type { ColumnChange } from '../online-migration/change/column-change.ts';
import { namesOf } from '../online-migration/change/names.ts';

/** The option that says which column change a command is about; `text` is how it is written in a usage. */
export const changeOption = {
  text: '[--change <table.column>]',
  schema: z.string({ error: 'must be a table and its column, as in orders.total' }).optional(),
} as const;

/** Text that needs no quotes in a shell. */
const PLAIN = /^[\w.-]+$/;

/** The option that chooses a change, as it is typed into a shell: `--change 'public.orders.total 2'`. */
export function optionFor(change: ChangedColumn): string {
  const name = namesOf(change).change;
  return `--change ${PLAIN.test(name) ? name : `'${name.replaceAll("'", `'\\''`)}'`}`;
}

/**
 * The column change that a command is about: the one that is named, or the only one that there is.
 *
 * @param name the name of the change; or its table and column, `orders.total`, with the schema before it or without
 * @param declared the changes of the project
 * @throws OnlineMigrationError that lists them where the name is of none, or of several, or is missing
 */
export function chosenChange(
  name: string | undefined,
  declared: readonly ColumnChange[] = columnChanges,
): ChangedColumn {
  const changes = declared.map(changedColumnOf);
  const all = changes.map((change) => optionFor(change)).join(', ');
  if (changes.length === 0) {
    throw new OnlineMigrationError(
      'NO_CHANGE_DECLARED',
      'src/column-changes.ts lists no column change: add yours to it.',
    );
  }
  if (name === undefined) {
    if (changes.length === 1) return changes[0]!;
    throw new OnlineMigrationError(
      'CHANGE_NOT_CHOSEN',
      `There are several column changes. Say which one: ${all}.`,
      { changes: changes.map(nameOf) },
    );
  }
  const named = changes.filter((change) => namesOf(change).change === name);
  const [only, ...others] =
    named.length > 0 ? named : changes.filter((change) => placesOf(change).includes(name));
  if (only === undefined) {
    throw new OnlineMigrationError('CHANGE_UNKNOWN', `There is no column change ${name}. There is: ${all}.`, {
      name,
      changes: changes.map(nameOf),
    });
  }
  if (others.length === 0) return only;
  if (named.length > 0) {
    throw new OnlineMigrationError(
      'CHANGE_NAME_TWICE',
      `src/column-changes.ts lists ${named.length} changes of the name ${name}: give each but one a \`name\` of its own.`,
      { name, count: named.length },
    );
  }
  throw new OnlineMigrationError(
    'CHANGE_AMBIGUOUS',
    `${name} could be several. Say which one: ${[only, ...others].map((change) => optionFor(change)).join(', ')}.`,
    { name, changes: [only, ...others].map(nameOf) },
  );
}

function nameOf(change: ChangedColumn): string {
  return namesOf(change).change;
}

/** The column that a change is of, with its schema and without. */
function placesOf({ table, oldColumn }: ChangedColumn): string[] {
  const place = `${table.name}.${oldColumn.name}`;
  return [place, `${table.schema}.${place}`];
}
