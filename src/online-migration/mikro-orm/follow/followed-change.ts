import { Type } from '@mikro-orm/core';
import { type ChangedColumn, changedColumnsOf, finalNameOf } from '../../change/changed-column.ts';
import type { ColumnChange } from '../../change/column-change.ts';
import { changeNamesOf } from '../../change/names.ts';
import { OnlineMigrationError } from '../../change/online-migration-error.ts';
import { notOfChange } from '../../follow/active-column.ts';

/** The type of the one property of a change, or a type for each column that needs one, by its name before the change. */
type PropertyTypes = Type<unknown, unknown> | Readonly<Record<string, Type<unknown, unknown>>>;

/** A change that an ORM follows, and the types of its properties. */
export interface FollowedChange {
  readonly change: ColumnChange;
  /**
   * The type of the property while it is stored in the old column: `new BigIntType()`. By default MikroORM's own type of that
   * column; it must give the property the same TypeScript type. If the change has several columns, the types by the names of
   * their columns before the change: `{ amount: new BigIntType() }`.
   */
  readonly oldType?: PropertyTypes;
  /** The type of the property in the new column, in the same way; by default the type that the entity declares. */
  readonly newType?: PropertyTypes;
}

/** A column of a change, with the types of its property. */
export interface FollowedColumn {
  readonly column: ChangedColumn;
  readonly oldType: Type<unknown, unknown> | undefined;
  readonly newType: Type<unknown, unknown> | undefined;
}

/** A change with its columns. They have one form, because they switch in one transaction. */
export interface ResolvedChange {
  readonly change: ColumnChange;
  readonly columns: readonly FollowedColumn[];
}

/** The configuration and the changes do not fit each other. */
export class FollowedOrmError extends OnlineMigrationError {
  override readonly name = 'FollowedOrmError';
}

/**
 * Resolves the changes of an application.
 * @throws FollowedOrmError if two of them change the same column, or a type is not for one of the columns
 */
export function resolveChanges(changes: readonly (ColumnChange | FollowedChange)[]): ResolvedChange[] {
  const resolved = changes.map((given) => resolve('change' in given ? given : { change: given }));
  for (const [index, later] of resolved.entries()) {
    for (const earlier of resolved.slice(0, index)) refuseSameColumn(earlier, later);
  }
  return resolved;
}

function resolve({ change, oldType, newType }: FollowedChange): ResolvedChange {
  const columns = changedColumnsOf(change);
  const oldTypes = typesByColumn(change, 'oldType', oldType);
  const newTypes = typesByColumn(change, 'newType', newType);
  return {
    change,
    columns: columns.map((column) => ({
      column,
      oldType: oldTypes.get(column.oldColumn.name),
      newType: newTypes.get(column.oldColumn.name),
    })),
  };
}

function typesByColumn(
  change: ColumnChange,
  option: 'oldType' | 'newType',
  given: PropertyTypes | undefined,
): ReadonlyMap<string, Type<unknown, unknown>> {
  if (given === undefined) return new Map();
  const columns = change.columns.map(({ from }) => from.name);
  if (given instanceof Type) {
    if (columns.length === 1) return new Map([[columns[0]!, given]]);
    const { change: name } = changeNamesOf(change);
    throw new FollowedOrmError(
      'COLUMN_OF_TYPE_MISSING',
      `The change ${name} has several columns, and \`${option}\` does not tell for which of them the type is: give the types by ` +
        `the names of their columns before the change, \`${option}: { ${JSON.stringify(columns[0])}: … }\`.`,
      { change: name, option, columns },
    );
  }
  const types = new Map(Object.entries(given));
  const unknown = [...types.keys()].find((column) => !columns.includes(column));
  if (unknown !== undefined) throw notOfChange(change, unknown);
  return types;
}

/** @throws FollowedOrmError if two changes have a column in common */
function refuseSameColumn(one: ResolvedChange, other: ResolvedChange): void {
  const shared = one.columns.find(({ column }) =>
    other.columns.some((another) => isSameColumn(column, another.column)),
  );
  if (shared === undefined) return;
  const changes = [changeNamesOf(one.change).change, changeNamesOf(other.change).change];
  const { name } = shared.column.oldColumn;
  throw new FollowedOrmError(
    'PROPERTY_CHANGED_TWICE',
    `The changes ${changes.join(' and ')} are of the same column ${name}: follow only the one that is under way.`,
    { changes, column: name },
  );
}

function isSameColumn(one: ChangedColumn, other: ChangedColumn): boolean {
  return (
    one.table.schema === other.table.schema &&
    one.table.name === other.table.name &&
    lastingNames(one).some((name) => lastingNames(other).includes(name))
  );
}

/** The names of a column before and after its change. */
function lastingNames(column: ChangedColumn): readonly string[] {
  return [column.oldColumn.name, finalNameOf(column)];
}
