import type { DatabaseSchema } from '@mikro-orm/postgresql';
import type { NewChange } from '../../../new-change/new-change.ts';
import type { SchemaComparison } from '../../comparison/online-schema-generator.ts';
import { leaveChangesOut } from '../../comparison/schema-comparison.ts';
import { tableAt } from './renamed-schema.ts';
import type { TypeChanges } from './type-changes.ts';
import type { TablePlace } from './table-place.ts';

/** A column that the comparison has left out. */
export interface LeftColumn extends TablePlace {
  readonly column: string;
  /** Whether migrations change its type, so that it will be as the entities have it. */
  readonly isWritten: boolean;
}

/** The parts of the entities that no migration carries out yet. */
export interface Unwritten {
  /** The schema that the entities were compared with, after the renames. */
  readonly found: DatabaseSchema;
  readonly columns: readonly LeftColumn[];
}

/**
 * Takes the unwritten parts out of a schema of the entities, before it becomes the snapshot: otherwise the next comparison
 * with the snapshot would take them for done. A left-out column hides its indexes, constraints and checks as well.
 *
 * @param entities is altered
 */
export function leaveUnwritten(entities: DatabaseSchema, { found, columns }: Unwritten): void {
  const enums = { ...entities.getNativeEnums() };
  const written = columns.flatMap(({ isWritten, column, ...place }) => {
    const mapped = isWritten ? tableAt(entities, place)?.getColumn(column) : undefined;
    return mapped === undefined ? [] : [{ place, mapped }];
  });
  leaveChangesOut(
    entities,
    found,
    columns.map(({ schema, table, column }) => ({ schema, table, oldColumn: column, newColumn: column })),
  );
  for (const { place, mapped } of written) tableAt(entities, place)?.addColumn(mapped);
  // An enum that a migration makes is there, even if its column comes later.
  Object.assign(entities.getNativeEnums(), enums);
}

/**
 * The columns that are left out of the ordinary migration.
 * @param renames declared ones
 */
export function leftColumns(
  { underWay, isSnapshot }: SchemaComparison,
  renames: readonly NewChange[],
  types: { readonly changes: readonly NewChange[]; readonly later: readonly TypeChanges[] },
): LeftColumn[] {
  return [
    // A snapshot already has the types that they are going to have; the database has their interim columns.
    ...(isSnapshot ? underWay : []).flatMap(({ schema, table, oldColumn, newColumn }) =>
      [oldColumn, newColumn].map((column) => ({ schema, table, column, isWritten: false })),
    ),
    ...columnsOf(renames, false),
    ...columnsOf(types.changes, true),
    ...types.later.flatMap(({ columns, ...place }) =>
      columns.map(({ name }) => ({ ...place, column: name, isWritten: false })),
    ),
  ];
}

/** @param isWritten whether these are changes of types; a rename keeps the type that the column has */
function columnsOf(plans: readonly NewChange[], isWritten: boolean): LeftColumn[] {
  return plans.flatMap(({ change: { table, columns } }) =>
    columns.map(({ from, to }) => ({
      schema: table.schema,
      table: table.name,
      column: isWritten ? from.name : to.name,
      isWritten,
    })),
  );
}
