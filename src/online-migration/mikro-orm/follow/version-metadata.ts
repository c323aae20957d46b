import {
  ArrayType,
  type EntityMetadata,
  type EntityProperty,
  JsonType,
  type MetadataStorage,
  type Platform,
  ReferenceKind,
  Type,
} from '@mikro-orm/core';
import { escapeIdentifier } from 'pg';
import type { Column } from '../../change/column-change.ts';
import { type ChangedColumn, finalNameOf, isRename } from '../../change/changed-column.ts';
import { namesOf } from '../../change/names.ts';
import { type ActiveColumn, columnNameOf } from '../../follow/active-column.ts';
import { CheckedType, namedType } from './column-type.ts';
import { expectFilled } from './version-hydrator.ts';
import {
  type FollowedProperty,
  findProperties,
  FollowedOrmError,
  ownerOf,
  type ResolvedChange,
} from './followed-change.ts';

/** Families of types between which PostgreSQL converts without a loss, so that no check is needed. */
const INTEGER = /^(small|big)?int(eger)?[248]?$/i;

/** TypeScript's name for the values of a type, if MikroORM knows it. */
const UNKNOWN_TYPES = new Set(['any', 'unknown', 'object']);

type ColumnList =
  | 'fieldNames'
  | 'joinColumns'
  | 'inverseJoinColumns'
  | 'ownColumns'
  | 'referencedColumnNames'
  | 'stiFieldNames';
type AnyType = Type<unknown, unknown>;
type TypeOption = 'oldType' | 'newType';

/**
 * Turns the metadata of an ORM into that of one schema version: the changed property has the column and the type of the
 * form, and so has whatever refers to that column.
 *
 * @param storage the discovered metadata; each ORM has its own copy
 * @throws FollowedOrmError if the property does not exist, or its type does not fit a column
 */
export function applyForm(
  storage: MetadataStorage,
  platform: Platform,
  change: ResolvedChange,
  form: ActiveColumn['form'],
  defaultSchema: string,
): void {
  const { oldColumn, newColumn } = change.column;
  const column = form === 'old' ? oldColumn : newColumn;
  const name = columnNameOf(change.column, form);
  for (const found of findProperties(storage, change.column, defaultSchema)) {
    setType(found, platform, change, form, column, name);
    // The one column of a rename keeps its empty rows.
    if (!change.column.nullable && !isRename(change.column))
      expectFilled(found.meta, found.property.name, name);
  }
  renameColumn(storage, change, name, defaultSchema);
}

/** Each property keeps the names of columns, of its own table and of the tables that it refers to. */
function renameColumn(
  storage: MetadataStorage,
  { column }: ResolvedChange,
  name: string,
  defaultSchema: string,
): void {
  const { table } = column;
  const finalName = finalNameOf(column);
  const isOfTable = (meta: EntityMetadata | undefined) =>
    meta?.tableName === table.name && (meta.schema ?? defaultSchema) === table.schema;
  for (const meta of storage) {
    for (const property of Object.values<EntityProperty>(meta.properties)) {
      for (const list of listsOfColumns(
        property,
        isOfTable(ownerOf(meta, property)),
        isOfTable(property.targetMeta),
        table.name,
      )) {
        // MikroORM uses one list for several properties, so each gets a new one.
        property[list] = property[list]?.map((one) => (one === finalName ? name : one)) as never;
      }
    }
  }
  for (const meta of storage) joinByKeys(meta);
}

/** With table-per-type inheritance, MikroORM joins the tables by lists of their keys' columns. */
function joinByKeys({ tptParent, tptParentProp, tptInverseProp, ...meta }: EntityMetadata): void {
  if (tptParent === undefined || tptParentProp === undefined || tptInverseProp === undefined) return;
  const [own, ofParent] = [meta, tptParent].map(({ properties, primaryKeys }) =>
    primaryKeys.flatMap((key) => properties[key]!.fieldNames),
  ) as [string[], string[]];
  Object.assign(tptParentProp, { fieldNames: own, referencedColumnNames: ofParent });
  Object.assign(tptInverseProp, {
    fieldNames: ofParent,
    joinColumns: ofParent,
    referencedColumnNames: own,
  });
}

/** The lists of a property that contain columns of the changed table. */
function listsOfColumns(
  property: EntityProperty,
  isOwn: boolean,
  isOfTarget: boolean,
  table: string,
): ColumnList[] {
  const { kind } = property;
  if (kind === ReferenceKind.MANY_TO_MANY) {
    return [
      ...(isOwn ? (['referencedColumnNames'] as const) : []),
      ...(property.pivotTable === table ? (['joinColumns', 'inverseJoinColumns'] as const) : []),
    ];
  }
  if (kind === ReferenceKind.ONE_TO_MANY) return isOfTarget ? ['joinColumns', 'referencedColumnNames'] : [];
  return [
    ...(isOwn ? (['fieldNames', 'joinColumns', 'ownColumns', 'stiFieldNames'] as const) : []),
    ...(isOfTarget ? (['referencedColumnNames', 'inverseJoinColumns'] as const) : []),
  ];
}

function isOwner({ kind }: EntityProperty): boolean {
  return kind === ReferenceKind.MANY_TO_ONE || kind === ReferenceKind.ONE_TO_ONE;
}

function setType(
  found: FollowedProperty,
  platform: Platform,
  change: ResolvedChange,
  form: ActiveColumn['form'],
  column: Column,
  name: string,
): void {
  const { meta, property } = found;
  property.columnTypes = [column.type];
  const native = platform.getMappedType(column.type);
  // A foreign key has the values of the key that it refers to.
  const type = isOwner(property)
    ? property.customType
    : form === 'old' && !isRename(change.column)
      ? oldTypeOf(found, platform, change)
      : newTypeOf(found, change);
  const stored = needsCheck(property, change.column)
    ? checkedType(type ?? native, column.type, form === 'new' ? null : nullOfColumn(change, name))
    : namedType(type ?? native);
  const { runtimeType } = property;
  Object.assign(stored, { platform, meta, prop: property });
  Object.assign(property, {
    customType: stored,
    runtimeType,
    hasConvertToJSValueSQL: stored.convertToJSValueSQL !== undefined,
    hasConvertToDatabaseValueSQL: stored.convertToDatabaseValueSQL !== undefined,
  });
}

/** The type that the application names for the old column, else MikroORM's own. */
function oldTypeOf(found: FollowedProperty, platform: Platform, change: ResolvedChange): AnyType {
  const { property } = found;
  const native = platform.getMappedType(change.column.oldColumn.type);
  if (change.oldType !== undefined) return fitting(found, change, 'oldType', change.oldType);
  const isOwnType =
    property.customType !== undefined && Type.getOrmType(property.customType.constructor) === undefined;
  if (isOwnType) {
    throw typeError(found, change, 'oldType', `has a custom type for ${change.column.newColumn.type}`);
  }
  // `bigint` in the mode `number` serves an integer as well.
  const serving = native.runtimeType === property.runtimeType ? property.customType : undefined;
  return fitting(found, change, 'oldType', serving ?? native);
}

function newTypeOf(found: FollowedProperty, change: ResolvedChange): AnyType | undefined {
  return change.newType === undefined
    ? found.property.customType
    : fitting(found, change, 'newType', change.newType);
}

function fitting(
  found: FollowedProperty,
  change: ResolvedChange,
  option: TypeOption,
  type: AnyType,
): AnyType {
  const { runtimeType: wanted } = found.property;
  const { runtimeType: given } = type;
  if (given === wanted || UNKNOWN_TYPES.has(given) || UNKNOWN_TYPES.has(wanted)) return type;
  throw typeError(found, change, option, `is a ${wanted}, and the type of this column makes it a ${given}`);
}

function typeError(
  { meta, property }: FollowedProperty,
  { column: { oldColumn, newColumn }, column }: ResolvedChange,
  option: TypeOption,
  problem: string,
): FollowedOrmError {
  const { change } = namesOf(column);
  const { name, type } = option === 'oldType' ? oldColumn : newColumn;
  const { runtimeType: wanted } = property;
  return new FollowedOrmError(
    'PROPERTY_TYPE_DIFFERS',
    `The change ${change} stores ${meta.className}.${property.name} in ${name} (${type}). The property ${problem}. ` +
      `Give the change an \`${option}\` that makes it a ${wanted}: ${suggestion(wanted, type)}.`,
    { change, entity: meta.className, property: property.name, column: name, wanted },
  );
}

/** A key is never wrapped: MikroORM compares keys by their plain column. A renamed column keeps its type. */
function needsCheck(property: EntityProperty, change: ChangedColumn): boolean {
  const areIntegers = INTEGER.test(change.oldColumn.type) && INTEGER.test(change.newColumn.type);
  return !property.primary && !isOwner(property) && !areIntegers && !isRename(change);
}

/** A null of the column's type, from a null of the table's row type. It costs no reading and no plan of its own. */
function nullOfColumn({ column: { table } }: ResolvedChange, name: string): string {
  const row = `null::${escapeIdentifier(table.schema)}.${escapeIdentifier(table.name)}`;
  return `(${row}).${escapeIdentifier(name)}`;
}

/** MikroORM treats JSON and arrays by their class. */
function checkedType(type: AnyType, declared: string, column: string | null): AnyType {
  return type instanceof JsonType || type instanceof ArrayType
    ? namedType(type)
    : new CheckedType(type, declared, column);
}

function suggestion(wanted: string, type: string): string {
  if (wanted === 'bigint' && INTEGER.test(type)) return `\`new BigIntType()\` of MikroORM`;
  if (wanted === 'string') return `\`new TypedColumn('${type}')\` of online-migration/mikro-orm`;
  return `a class that extends \`Type<${wanted}, …>\` of MikroORM, and returns '${wanted}' from \`compareAsType\``;
}
