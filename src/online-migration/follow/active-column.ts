import { type ChangedColumn, finalNameOf, isRename } from '../change/changed-column.ts';
import { OnlineMigrationError } from '../change/online-migration-error.ts';
import type { TableShape } from '../state/table-shape.ts';

/** The three forms, in the order of the phases: old column, new column under its interim name, new column renamed. */
export const FORMS = ['old', 'new', 'renamed'] as const;

/**
 * The forms of a change, in the order of its phases. The column of a change that is only a rename has no interim name.
 */
export function formsOf(change: ChangedColumn): readonly ActiveColumn['form'][] {
  return isRename(change) ? FORMS.filter((form) => form !== 'new') : FORMS;
}

/** The name of the column in one of the forms of a change. */
export function columnNameOf(change: ChangedColumn, form: ActiveColumn['form']): string {
  const { oldColumn, newColumn } = change;
  return { old: oldColumn.name, new: newColumn.name, renamed: finalNameOf(change) }[form];
}

/** The active column. */
export interface ActiveColumn {
  /** Its name and its type, among those of the change. */
  readonly form: (typeof FORMS)[number];
  /** The column's name in the table. */
  readonly name: string;
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
  constructor({ oldColumn, newColumn }: ChangedColumn, column: string) {
    super(
      'UNKNOWN_ACTIVE_COLUMN',
      `The pinned column ${JSON.stringify(column)} is not a column of the change: pin ${oldColumn.name} or ` +
        `${newColumn.name}, or none.`,
      { column, allowed: [oldColumn.name, newColumn.name] },
    );
  }
}

/**
 * Chooses the active column of a table of this shape.
 * @param pinned the column to keep using as long as it exists with a value in every row; by default the new column as
 *   soon as it qualifies
 */
export function activeColumnOf(shape: TableShape, change: ChangedColumn, pinned?: string): ActiveColumn {
  const { oldColumn, newColumn, isRenamed } = shape;
  if (isRenamed) return { form: 'renamed', name: finalNameOf(change) };
  const newIsTrusted = newColumn !== null && (oldColumn === null || newColumn.isEnforced);
  // While contract is being reverted, the old column exists before it is filled.
  const staysOnOld = pinned === change.oldColumn.name && oldColumn?.isFilled === true;
  if (newIsTrusted && !staysOnOld) return { form: 'new', name: change.newColumn.name };
  return { form: 'old', name: change.oldColumn.name };
}

/**
 * Refuses a column that is unknown to the change.
 * @throws UnknownColumnError
 */
export function assertKnownColumn(change: ChangedColumn, column: string): void {
  if (column !== change.oldColumn.name && column !== change.newColumn.name) {
    throw new UnknownColumnError(change, column);
  }
}
