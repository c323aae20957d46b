import { type ChangedColumn, changedColumnOf } from '../../change/changed-column.ts';
import type { ColumnChange } from '../../change/column-change.ts';
import { OnlineMigrationError } from '../../change/online-migration-error.ts';
import { namesOf } from '../../change/names.ts';

/** Text that needs no quotes in a shell. */
const PLAIN = /^[\w.-]+$/;

/** A change's name, quoted for a shell: `'public.orders.total 2'`. */
export function argumentFor(change: ChangedColumn): string {
  const name = namesOf(change).change;
  return PLAIN.test(name) ? name : `'${name.replaceAll("'", `'\\''`)}'`;
}

/** The place at which a person names a change. */
export interface Choice {
  /** The changes of the project. */
  readonly changes: readonly ColumnChange[];
  /** The configuration file that lists them. */
  readonly file: string;
  /** The command with its options, in which `[change]` is the place of the name. */
  readonly command: string;
}

/**
 * Finds the change for a command: the named one, or the only one.
 * @param name the name of the change; or its table and column, `orders.total`, with or without the schema
 * @throws OnlineMigrationError that lists them if none or several have the name, or if the name is missing
 */
export function chosenChange(name: string | undefined, { changes, file, command }: Choice): ColumnChange {
  const columns = changes.map((change) => ({ change, column: changedColumnOf(change) }));
  const listed = (some: typeof columns) => some.map(({ column }) => argumentFor(column)).join(', ');
  const namesIn = (some: typeof columns) => some.map(({ column }) => namesOf(column).change);
  const nameOne = ([{ column }]: readonly [(typeof columns)[number], ...typeof columns]) =>
    `Name one after the command: \`npx online-migration ${command.replace('[change]', argumentFor(column))}\`.`;
  const [first, ...rest] = columns;
  if (first === undefined) {
    throw new OnlineMigrationError(
      'NO_CHANGE_DECLARED',
      `${file} lists no column change. Write one with \`npx online-migration new\`, then add it to \`changes\` of this file.`,
      { file },
    );
  }
  if (name === undefined) {
    if (rest.length === 0) return first.change;
    throw new OnlineMigrationError(
      'CHANGE_NOT_CHOSEN',
      `There are several column changes: ${listed(columns)}. ${nameOne([first, ...rest])}`,
      { changes: namesIn(columns) },
    );
  }
  const named = columns.filter(({ column }) => namesOf(column).change === name);
  const [only, ...others] =
    named.length > 0 ? named : columns.filter(({ column }) => placesOf(column).includes(name));
  if (only === undefined) {
    throw new OnlineMigrationError(
      'CHANGE_UNKNOWN',
      `There is no column change ${name}. ${name.includes('"') ? 'Give names without SQL quotes. ' : ''}` +
        `${file} lists: ${listed(columns)}. ${nameOne([first, ...rest])}`,
      { name, changes: namesIn(columns) },
    );
  }
  if (others.length === 0) return only.change;
  if (named.length > 0) {
    throw new OnlineMigrationError(
      'CHANGE_NAME_TWICE',
      `${file} lists ${named.length} changes of the name ${name}: give all but one a \`name\` of its own.`,
      { name, count: named.length },
    );
  }
  throw new OnlineMigrationError(
    'CHANGE_AMBIGUOUS',
    `Several changes match ${name}: ${listed([only, ...others])}. ${nameOne([only, ...others])}`,
    { name, changes: namesIn([only, ...others]) },
  );
}

/** The column of a change, with and without its schema. */
function placesOf({ table, oldColumn }: ChangedColumn): string[] {
  const place = `${table.name}.${oldColumn.name}`;
  return [place, `${table.schema}.${place}`];
}
