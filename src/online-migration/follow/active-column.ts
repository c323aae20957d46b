import { type ChangedColumn, finalNameOf, isRename } from '../change/changed-column.ts';
import type { ColumnChange } from '../change/column-change.ts';
import { changeNamesOf } from '../change/names.ts';
import { OnlineMigrationError } from '../change/online-migration-error.ts';
import type { TableShape } from '../state/table-shape.ts';

/** The three forms, in the order of the phases: old column, new column under its interim name, new column renamed. */
export const FORMS = ['old', 'new', 'renamed'] as const;

/**
 * The forms of a change, in the order of its phases. The column of a change that is only a rename has no interim name.
 */
export function formsOf(change: ColumnChange): readonly ActiveColumn['form'][] {
  return isRename(change) ? FORMS.filter((form) => form !== 'new') : FORMS;
}

/** The name of a column in one of the forms of its change. */
export function columnNameOf(
  column: Pick<ChangedColumn, 'columns' | 'oldColumn' | 'newColumn'>,
  form: ActiveColumn['form'],
): string {
  const { oldColumn, newColumn } = column;
  return { old: oldColumn.name, new: newColumn.name, renamed: finalNameOf(column) }[form];
}

/** The active column of a change, or its active columns: all columns of a change switch in one transaction. */
export interface ActiveColumn {
  /** Its name and its type, among those of the change; the same for all columns of the change. */
  readonly form: (typeof FORMS)[number];
  /**
   * The column's name in the table, if the change has one column.
   * @throws OnlineMigrationError if the change has several: {@link ActiveColumn.nameOf} has the name of each
   */
  readonly name: string;
  /** The names of all columns in the table, in the order of the declaration. */
  readonly names: readonly string[];
  /**
   * The name that a column has in the table now. It needs no `this`: `follower.run(({ nameOf }) => …)`.
   * @param column its name before the change, as `from.name` in the declaration
   * @throws OnlineMigrationError if the change does not have the column
   */
  readonly nameOf: (column: string) => string;
}

/**
 * The assumed active column has no value in a row: it is no longer enforced, so another one is active. If a unit of
 * work throws it, the follower reads the active column again.
 */
export class ColumnNotEnforcedError extends OnlineMigrationError {
  override readonly name = 'ColumnNotEnforcedError';

  /** @param column the name of the assumed active column */
  constructor(column: string) {
    super('COLUMN_NOT_ENFORCED', `${column} is empty.`, { column });
  }
}

/** The pinned column is unknown to the change. */
export class UnknownColumnError extends OnlineMigrationError {
  override readonly name = 'UnknownColumnError';

  /** @param column the requested name */
  constructor({ columns }: ColumnChange, column: string) {
    const allowed = columns.flatMap(({ from, to }) => [from.name, to.name]);
    super(
      'UNKNOWN_ACTIVE_COLUMN',
      `The pinned column ${JSON.stringify(column)} is not a column of the change: pin ${allowed.slice(0, -1).join(', ')} or ` +
        `${allowed.at(-1)}, or none.`,
      { column, allowed },
    );
  }
}

/**
 * Chooses the active column of a table of this shape.
 * @param pinned the column to keep using as long as it exists with a value in every row; by default the new column as
 *   soon as it qualifies. If the change has several columns, all of them stay with the pinned one
 */
export function activeColumnOf(shape: TableShape, change: ColumnChange, pinned?: string): ActiveColumn {
  const { oldColumn, newColumn, isRenamed } = shape;
  if (isRenamed) return activeIn(change, 'renamed');
  const newIsTrusted = newColumn !== null && (oldColumn === null || newColumn.isEnforced);
  const isOldPinned = change.columns.some(({ from }) => from.name === pinned);
  // While contract is being reverted, the old column exists before it is filled.
  const staysOnOld = isOldPinned && oldColumn?.isFilled === true;
  return activeIn(change, newIsTrusted && !staysOnOld ? 'new' : 'old');
}

function activeIn(change: ColumnChange, form: ActiveColumn['form']): ActiveColumn {
  const { columns } = change;
  const present = new Map(
    columns.map(({ from, to }) => [
      from.name,
      columnNameOf({ columns, oldColumn: from, newColumn: to }, form),
    ]),
  );
  const names = [...present.values()];
  const nameOf = (column: string) => {
    const name = present.get(column);
    if (name === undefined) throw notOfChange(change, column);
    return name;
  };
  // The first of several names would be wrong for the others. It is not enumerable then, so that a log or a copy does not fail.
  const name = names.length === 1 ? { value: names[0], enumerable: true } : { get: () => failFor(change) };
  return Object.defineProperties(
    { form },
    { name, names: { value: names }, nameOf: { value: nameOf } },
  ) as ActiveColumn;
}

function failFor(change: ColumnChange): never {
  const { change: name } = changeNamesOf(change);
  const columns = change.columns.map(({ from }) => from.name);
  throw new OnlineMigrationError(
    'SEVERAL_ACTIVE_COLUMNS',
    `The change ${name} has several columns, and \`name\` of its active column would be the name of one of them: call ` +
      `\`nameOf(${JSON.stringify(columns[0])})\`, with the name that the column has before the change.`,
    { change: name, columns },
  );
}

/** The error for a name that no column of the change has before the change. */
export function notOfChange(change: ColumnChange, column: string): OnlineMigrationError {
  const { change: name } = changeNamesOf(change);
  const columns = change.columns.map(({ from }) => from.name);
  return new OnlineMigrationError(
    'COLUMN_NOT_OF_CHANGE',
    `The change ${name} has no column that is called ${JSON.stringify(column)} before the change: name one of ${columns.join(', ')}.`,
    { change: name, column, columns },
  );
}

/**
 * Refuses a column that is unknown to the change.
 * @throws UnknownColumnError
 */
export function assertKnownColumn(change: ColumnChange, column: string): void {
  const isKnown = change.columns.some(({ from, to }) => from.name === column || to.name === column);
  if (!isKnown) throw new UnknownColumnError(change, column);
}
