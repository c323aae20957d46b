import type { EntityMetadata, EntityProperty, MetadataStorage } from '@mikro-orm/core';
import { type ChangedColumn, finalNameOf, isRename } from '../../change/changed-column.ts';
import { changeNamesOf } from '../../change/names.ts';
import { FollowedOrmError } from './followed-change.ts';

/** A property that is stored in the changed column. With inheritance, several entities of one table have it. */
export interface FollowedProperty {
  readonly meta: EntityMetadata;
  readonly property: EntityProperty;
}

/**
 * Finds the properties of a changed column. The entity describes the table after the change, so they have the column's
 * final name.
 * @param defaultSchema of entities that declare none
 * @throws FollowedOrmError if no entity has the table, or none has the column
 */
export function findProperties(
  storage: MetadataStorage,
  column: ChangedColumn,
  defaultSchema: string,
): FollowedProperty[] {
  const { table } = column;
  const name = finalNameOf(column);
  const { change } = changeNamesOf(column);
  const metas = entitiesOf(storage, column, defaultSchema);
  if (metas.length === 0) {
    throw new FollowedOrmError(
      'ENTITY_NOT_FOUND',
      `The change ${change} is of the table ${table.schema}.${table.name}, and no entity of the ORM has this table: ` +
        `add the entity to the configuration, or correct the change.`,
      { change, table: `${table.schema}.${table.name}` },
    );
  }
  const stored = [...storage].flatMap((meta) =>
    meta.props
      .filter(
        (property) =>
          property.fieldNames?.includes(name) &&
          !isInJson(property, meta) &&
          metas.includes(ownerOf(meta, property)),
      )
      .map((property) => ({ meta, property })),
  );
  const found = stored.filter(({ property }) => property.fieldNames.length === 1);
  for (const { meta, property } of found) if (property.primary) assertKeyCanDiffer(storage, meta, change);
  if (found.length > 0) return found;
  const [shared] = stored;
  if (shared !== undefined) {
    const { className } = shared.meta;
    const { name: property, fieldNames } = shared.property;
    throw new FollowedOrmError(
      'PROPERTY_OF_SEVERAL_COLUMNS',
      `The change ${change} is of the column ${name}, and ${className}.${property} is stored in several: ${fieldNames.join(', ')}. ` +
        `Give the column a property of its own while the change is under way.`,
      { change, entity: className, property, columns: fieldNames },
    );
  }
  const entities = metas.map(({ className }) => className).join(', ');
  const columns = [
    ...new Set(metas.flatMap(({ props }) => props.flatMap(({ fieldNames }) => fieldNames ?? []))),
  ];
  throw new FollowedOrmError(
    'PROPERTY_NOT_FOUND',
    `The change ${change} ${isRename(column) ? `gives a column the name ${name}` : `is of the column ${name}`}, and no property of ` +
      `${entities} is stored in it. An entity describes the table after the change, so its property has this column's name. ` +
      `The columns are: ${columns.join(', ')}.`,
    { change, entities, column: name, columns },
  );
}

/** MikroORM joins a table of table-per-type inheritance to each table above by the key's name in the next one. */
function assertKeyCanDiffer(
  storage: MetadataStorage,
  { root, className }: EntityMetadata,
  change: string,
): void {
  const third = [...storage].find((meta) => meta.root === root && meta.tptParent?.tptParent !== undefined);
  if (third === undefined) return;
  throw new FollowedOrmError(
    'KEY_OF_DEEP_INHERITANCE',
    `The change ${change} is of the key of ${className}, and ${third.className} is on the third level of its table-per-type inheritance, ` +
      `where MikroORM needs keys of the same name. Map the tables without this inheritance while the change is under way.`,
    { change, entity: className, level: third.className },
  );
}

/** The entity in whose table a property is stored: with table-per-type inheritance, the one that declares it. Each table has a key. */
export function ownerOf(meta: EntityMetadata, property: EntityProperty): EntityMetadata {
  const parent = property.primary ? undefined : meta.tptParent;
  return parent?.properties[property.name as never] === undefined ? meta : ownerOf(parent, property);
}

/** The entities whose rows are in the table of the change. */
export function entitiesOf(
  storage: MetadataStorage,
  { table }: Pick<ChangedColumn, 'table'>,
  defaultSchema: string,
): EntityMetadata[] {
  return [...storage].filter(
    ({ tableName, schema, embeddable, virtual }) =>
      tableName === table.name && (schema ?? defaultSchema) === table.schema && !embeddable && !virtual,
  );
}

/** Whether a property is inside an embedded object that is stored as JSON: it has no column, and its field name is a key of the object. */
export function isInJson({ embedded }: EntityProperty, meta: EntityMetadata): boolean {
  return embedded !== undefined && meta.properties[embedded[0] as never]?.['object' as never] === true;
}
