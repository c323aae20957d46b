import {
  ArrayType,
  type EntityMetadata,
  type EntityProperty,
  JsonType,
  type MetadataStorage,
  type Platform,
  raw,
  ReferenceKind,
  Type,
} from '@mikro-orm/core';
import { escapeIdentifier } from 'pg';
import { type ChangedColumn, finalNameOf, isRename } from '../../change/changed-column.ts';
import { changeNamesOf } from '../../change/names.ts';
import { type ActiveColumn, columnNameOf } from '../../follow/active-column.ts';
import { CheckedType, namedType } from './column-type.ts';
import { expectFilled } from './version-hydrator.ts';
import { type FollowedColumn, FollowedOrmError, type ResolvedChange } from './followed-change.ts';
import { type FollowedProperty, findProperties, isInJson, ownerOf } from './followed-properties.ts';

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
 * Turns the metadata of an ORM into that of one schema version: each changed property has the column and the type of the
 * form, and so has whatever refers to that column.
 *
 * @param storage the discovered metadata; each ORM has its own copy
 * @throws FollowedOrmError if a property does not exist, or its type does not fit a column
 */
export function applyForm(
  storage: MetadataStorage,
  platform: Platform,
  { columns }: ResolvedChange,
  form: ActiveColumn['form'],
  defaultSchema: string,
): void {
  for (const followed of columns) {
    const { column } = followed;
    const name = columnNameOf(column, form);
    for (const found of findProperties(storage, column, defaultSchema)) {
      setType(found, platform, followed, form);
      // The one column of a rename keeps its empty rows.
      if (!column.nullable && !isRename(column)) expectFilled(found.meta, found.property.name, name);
    }
    renameColumn(storage, platform, column, name, defaultSchema);
  }
}

/** Each property keeps the names of columns, of its own table and of the tables that it refers to. */
function renameColumn(
  storage: MetadataStorage,
  platform: Platform,
  column: ChangedColumn,
  name: string,
  defaultSchema: string,
): void {
  const { table } = column;
  const finalName = finalNameOf(column);
  const isOfTable = (meta: EntityMetadata | undefined) =>
    meta?.tableName === table.name && (meta.schema ?? defaultSchema) === table.schema;
  for (const meta of storage) {
    for (const property of Object.values<EntityProperty>(meta.properties)) {
      if (isInJson(property, meta)) {
        const [root, ...keys] = property.embeddedPath ?? [];
        if (root === finalName && isOfTable(ownerOf(meta, property)))
          setPath(property, platform, [name, ...keys]);
        continue;
      }
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

/** A property in a JSON object is found by a path, which begins with the column, and by the expression that MikroORM makes of it. */
function setPath(property: EntityProperty, platform: Platform, path: string[]): void {
  const stored: Pick<EntityProperty, 'runtimeType' | 'type'> =
    property.targetMeta?.getPrimaryProp() ?? property;
  const expression = platform.getSearchJsonPropertySQL(
    path.join('->'),
    stored.runtimeType ?? stored.type,
    true,
  );
  Object.assign(property, { embeddedPath: path, fieldNameRaw: raw(expression).sql });
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
  followed: FollowedColumn,
  form: ActiveColumn['form'],
): void {
  const { meta, property } = found;
  const { column } = followed;
  const { type: declared } = form === 'old' ? column.oldColumn : column.newColumn;
  property.columnTypes = [declared];
  const native = platform.getMappedType(declared);
  // A foreign key has the values of the key that it refers to.
  const type = isOwner(property)
    ? property.customType
    : form === 'old' && !isRename(column)
      ? oldTypeOf(found, platform, followed)
      : newTypeOf(found, followed);
  const stored = needsCheck(property, column)
    ? checkedType(type ?? native, declared, form === 'new' ? null : nullOfColumn(column, form))
    : namedType(type ?? native);
  const { runtimeType } = property;
  const context = { platform, meta, prop: property };
  if (stored instanceof CheckedType) stored.belongTo(context);
  else Object.assign(stored, context);
  Object.assign(property, {
    customType: stored,
    runtimeType,
    hasConvertToJSValueSQL: stored.convertToJSValueSQL !== undefined,
    hasConvertToDatabaseValueSQL: stored.convertToDatabaseValueSQL !== undefined,
  });
}

/** The type that the application names for the old column, else MikroORM's own. */
function oldTypeOf(found: FollowedProperty, platform: Platform, followed: FollowedColumn): AnyType {
  const { property } = found;
  const native = platform.getMappedType(followed.column.oldColumn.type);
  if (followed.oldType !== undefined) return fitting(found, followed, 'oldType', followed.oldType);
  const isOwnType =
    property.customType !== undefined && Type.getOrmType(property.customType.constructor) === undefined;
  if (isOwnType) {
    throw typeError(found, followed, 'oldType', `has a custom type for ${followed.column.newColumn.type}`);
  }
  // `bigint` in the mode `number` serves an integer as well.
  const serving = native.runtimeType === property.runtimeType ? property.customType : undefined;
  return fitting(found, followed, 'oldType', serving ?? native);
}

function newTypeOf(found: FollowedProperty, followed: FollowedColumn): AnyType | undefined {
  return followed.newType === undefined
    ? found.property.customType
    : fitting(found, followed, 'newType', followed.newType);
}

function fitting(
  found: FollowedProperty,
  followed: FollowedColumn,
  option: TypeOption,
  type: AnyType,
): AnyType {
  const { runtimeType: wanted } = found.property;
  const { runtimeType: given } = type;
  if (given === wanted || UNKNOWN_TYPES.has(given) || UNKNOWN_TYPES.has(wanted)) return type;
  throw typeError(found, followed, option, `is a ${wanted}, and the type of this column makes it a ${given}`);
}

function typeError(
  { meta, property }: FollowedProperty,
  { column }: FollowedColumn,
  option: TypeOption,
  problem: string,
): FollowedOrmError {
  const { change } = changeNamesOf(column);
  const { name, type } = option === 'oldType' ? column.oldColumn : column.newColumn;
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
function nullOfColumn(column: ChangedColumn, form: ActiveColumn['form']): string {
  return `(null::${changeNamesOf(column).table}).${escapeIdentifier(columnNameOf(column, form))}`;
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
