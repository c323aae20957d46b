import type { ColumnChange } from '../../change/column-change.ts';
import { OnlineMigrationError } from '../../change/online-migration-error.ts';
import { nameOf } from '../../change/names.ts';
import { argumentFor } from '../../change/shell-word.ts';

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
 * @param name the name of the change; or its table and one of its columns, or all of them: `orders.total`,
 *   `orders.created_at,updated_at`, with or without the schema
 * @throws OnlineMigrationError that lists them if none or several have the name, or if the name is missing
 */
export function chosenChange(name: string | undefined, { changes, file, command }: Choice): ColumnChange {
  const names = changes.map(nameOf);
  const nameOne = ([change]: readonly [ColumnChange, ...ColumnChange[]]) =>
    `Name one after the command: \`npx online-migration ${command.replace('[change]', argumentFor(change))}\`.`;
  const [first, ...rest] = changes;
  if (first === undefined) {
    throw new OnlineMigrationError(
      'NO_CHANGE_DECLARED',
      `${file} lists no column change. Write one with \`npx online-migration new\`, then add it to \`changes\` of this file.`,
      { file },
    );
  }
  if (name === undefined) {
    if (rest.length === 0) return first;
    throw new OnlineMigrationError(
      'CHANGE_NOT_CHOSEN',
      `There are several column changes: ${listed(changes)}. ${nameOne([first, ...rest])}`,
      { changes: names },
    );
  }
  const named = changes.filter((_, place) => names[place] === name);
  const [only, ...others] =
    named.length > 0 ? named : changes.filter((change) => placesOf(change).includes(name));
  if (only === undefined) {
    throw new OnlineMigrationError(
      'CHANGE_UNKNOWN',
      `There is no column change ${name}. ${name.includes('"') ? 'Give names without SQL quotes. ' : ''}` +
        `${file} lists: ${listed(changes)}. ${nameOne([first, ...rest])}`,
      { name, changes: names },
    );
  }
  if (others.length === 0) return only;
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
    { name, changes: [only, ...others].map(nameOf) },
  );
}

function listed(changes: readonly ColumnChange[]): string {
  return changes.map(argumentFor).join(', ');
}

/** Each column of a change, and all of them together, with and without the schema. */
function placesOf({ table, columns }: ColumnChange): string[] {
  const names = columns.map(({ from }) => from.name);
  return [...names, names.join(',')].flatMap((column) => {
    const place = `${table.name}.${column}`;
    return [place, `${table.schema}.${place}`];
  });
}
