import type { ChangedColumn } from '../change/changed-column.ts';
import { OnlineMigrationError } from '../change/online-migration-error.ts';
import type { TableShape } from '../state/table-shape.ts';

/** The three mappings, in the order of the moves: old column, new one under its interim name, new one renamed. */
export const FORMS = ['old', 'new', 'renamed'] as const;

/** Where the application finds the value now. */
export interface ActiveColumn {
  /** Which of the three mappings fits. */
  readonly form: (typeof FORMS)[number];
  /** The column's name in the table. */
  readonly name: string;
}

/**
 * The column that was taken for the active one has no value in a row: it is no longer enforced, so another one is
 * active. Thrown by a unit of work, it makes the follower look again.
 */
export class ColumnNotEnforcedError extends OnlineMigrationError {
  override readonly name = 'ColumnNotEnforcedError';

  /** @param column the name of the column that was taken for the active one */
  constructor(column: string) {
    super('COLUMN_NOT_ENFORCED', `${column} is empty.`, { column });
  }
}

/** The application is to stay on a column that its change does not know. */
export class UnknownColumnError extends OnlineMigrationError {
  override readonly name = 'UnknownColumnError';

  /** @param column the name that was asked for */
  constructor({ oldColumn, newColumn }: ChangedColumn, column: string) {
    super(
      'UNKNOWN_ACTIVE_COLUMN',
      `ACTIVE_COLUMN is ${JSON.stringify(column)}: set it to auto, or to a column to stay on, ` +
        `${oldColumn.name} or ${newColumn.name}.`,
      { column, allowed: ['auto', oldColumn.name, newColumn.name] },
    );
  }
}

/**
 * Which column a table of this shape asks the application to use.
 * @param pinned the column to stay on as long as it is there with a value in every row; without it the new one as soon
 *   as it is
 */
export function activeColumnOf(shape: TableShape, change: ChangedColumn, pinned?: string): ActiveColumn {
  const { oldColumn, newColumn } = shape;
  const newIsTrusted = newColumn !== null && (oldColumn === null || newColumn.isEnforced);
  // On the way back of contract, the old column is there before it is filled.
  const staysOnOld = pinned === change.oldColumn.name && oldColumn?.isFilled === true;
  if (newIsTrusted && !staysOnOld) return { form: 'new', name: change.newColumn.name };
  return { form: oldColumn?.isNewType ? 'renamed' : 'old', name: change.oldColumn.name };
}

/**
 * Refuses a column that the change does not know.
 * @throws UnknownColumnError
 */
export function assertKnownColumn(change: ChangedColumn, column: string): void {
  if (column !== change.oldColumn.name && column !== change.newColumn.name) {
    throw new UnknownColumnError(change, column);
  }
}
