import type { ComparedSchemas } from '../../comparison/online-schema-generator.ts';
import type { DatabaseTable, SchemaDifference } from '@mikro-orm/postgresql';
import { asSql } from '../../../new-change/sql-name.ts';
import { type TablePlace, placeOf } from './table-place.ts';

type Column = NonNullable<ReturnType<DatabaseTable['getColumn']>>;

/** The columns of a table that get other types. */
export interface TypeChanges extends TablePlace {
  readonly columns: readonly ChangedType[];
}

export interface ChangedType {
  readonly name: string;
  /** The new type in SQL: `numeric(12,2)`, `"shop"."Mood"`. */
  readonly to: string;
  /** The old type as MikroORM writes it. */
  readonly from: string;
  /** Whether the new type is an enum that the migration makes. */
  readonly isToBeMade: boolean;
  /** Whether a time gets a time zone, or loses it. */
  readonly isZoneChanged: boolean;
  /** Whether MikroORM has noticed the difference, and writes a statement. */
  readonly isNoticed: boolean;
}

const TIME = /^(timestamp|time)/i;
const WITH_ZONE = /^(timestamptz|timetz|.*with time zone)/i;
/** Six digits are all that PostgreSQL has, with or without the modifier. */
const FULL_PRECISION = /^(timestamptz|timestamp|timetz|time)\(6\)/i;
/** The types of numbers from a sequence. */
export const SERIALS: Readonly<Record<string, string>> = {
  serial: 'integer',
  bigserial: 'bigint',
  smallserial: 'smallint',
};

/**
 * Finds the columns whose types differ. MikroORM takes times with and without a time zone for the same type; these are found as well.
 * @param diff of the two schemas
 */
export function findTypeChanges(diff: SchemaDifference, schemas: ComparedSchemas): TypeChanges[] {
  const made = new Set(diff.newNativeEnums.map(({ name }) => name));
  return schemas.from.getTables().flatMap((before) => {
    const changed = Object.values(diff.changedTables).find(({ fromTable }) => fromTable === before);
    const after =
      changed?.toTable ??
      schemas.to
        .getTables()
        .find(
          (table) =>
            table.name === before.name && placeOf(table, schemas).schema === placeOf(before, schemas).schema,
        );
    if (after === undefined) return [];
    const columns = before.getColumns().flatMap((column) => {
      const wanted = after.getColumn(column.name);
      if (wanted === undefined || isComputed(column) || isComputed(wanted)) return [];
      const isNoticed = changed?.changedColumns[column.name]?.changedProperties.has('type') === true;
      const hasOtherZone = isZoneChanged(column, wanted);
      if (!isNoticed && !hasOtherZone) return [];
      return {
        name: column.name,
        from: column.type,
        to: typeOf(wanted),
        isToBeMade: made.has(wanted.nativeEnumName ?? ''),
        isZoneChanged: hasOtherZone,
        isNoticed,
      };
    });
    return columns.length === 0 ? [] : { ...placeOf(before, schemas), columns };
  });
}

function isZoneChanged(before: Column, after: Column): boolean {
  if (before.ignoreSchemaChanges?.includes('type') || after.ignoreSchemaChanges?.includes('type'))
    return false;
  if (!TIME.test(before.type) || !TIME.test(after.type)) return false;
  return WITH_ZONE.test(before.type) !== WITH_ZONE.test(after.type);
}

/** The type as SQL writes it. */
function typeOf({ type, nativeEnumName }: Column): string {
  if (nativeEnumName !== undefined) {
    const array = type.endsWith('[]') ? '[]' : '';
    return asSql(...nativeEnumName.split('.')) + array;
  }
  return SERIALS[type.toLowerCase()] ?? type.replace(FULL_PRECISION, '$1');
}

/** Whether PostgreSQL computes the values; an identity only has numbers of its own. */
export function isComputed({ generated }: Column): boolean {
  return generated !== undefined && !/identity$/i.test(generated);
}
