import type {
  DriverMethodOptions,
  EntityData,
  EntityDictionary,
  EntityMetadata,
  EntityName,
  EntityProperty,
  FindOptions,
  NativeInsertUpdateManyOptions,
  NativeInsertUpdateOptions,
  PopulateOptions,
  Primary,
  QueryResult,
} from '@mikro-orm/core';
import { type AnyQueryBuilder, type InternalField, PostgreSqlDriver } from '@mikro-orm/postgresql';

/** MikroORM's options that decide which fields a statement selects. */
type SelectOptions<Entity extends object> = Pick<FindOptions<Entity>, 'strategy' | 'fields' | 'exclude'>;

/** A key of one property whose column has another name. */
interface RenamedKey<Entity extends object> {
  readonly meta: EntityMetadata<Entity>;
  readonly property: EntityProperty<Entity>;
  readonly column: string;
}

/**
 * The driver of a schema version. MikroORM reads the key of an inserted row under the name of the property, although the row has
 * the names of columns. In a version whose key has an interim name, it would find none.
 */
export class VersionDriver extends PostgreSqlDriver {
  override async nativeInsert<Entity extends object>(
    entityName: EntityName<Entity>,
    data: EntityDictionary<Entity>,
    options: NativeInsertUpdateOptions<Entity> = {},
  ): Promise<QueryResult<Entity>> {
    const key = this.#renamedKey(entityName);
    if (key === undefined) return super.nativeInsert(entityName, data, options);
    // Rows of pivot tables need the key.
    const collections = this.extractManyToMany(key.meta, data);
    const result = await super.nativeInsert(entityName, data, options);
    result.insertId = keyOf(key, data, result.row) as never;
    await this.#insertCollections(key, result.insertId, collections, options);
    return result;
  }

  override async nativeInsertMany<Entity extends object>(
    entityName: EntityName<Entity>,
    data: EntityDictionary<Entity>[],
    options: NativeInsertUpdateManyOptions<Entity> = {},
    transform?: (sql: string) => string,
  ): Promise<QueryResult<Entity>> {
    const key = this.#renamedKey(entityName);
    if (key === undefined) return super.nativeInsertMany(entityName, data, options, transform);
    const collections = data.map((row) => this.extractManyToMany(key.meta, row));
    const result = await super.nativeInsertMany(entityName, data, options, transform);
    const keys = data.map((row, index) => keyOf(key, row, result.rows?.[index]));
    result.insertId = keys[0] as never;
    for (const [index, value] of keys.entries()) {
      await this.#insertCollections(key, value, collections[index]!, options);
    }
    return result;
  }

  /** MikroORM selects JSON objects by `*`, which after a rename returns a row without the object instead of an error. */
  protected override buildFields<Entity extends object>(
    meta: EntityMetadata<Entity>,
    populate: PopulateOptions<Entity>[],
    joined: PopulateOptions<Entity>[],
    builder: AnyQueryBuilder<Entity>,
    alias: string,
    options: SelectOptions<Entity>,
    schema?: string,
  ): InternalField<Entity>[] {
    const fields = super.buildFields(meta, populate, joined, builder, alias, options, schema);
    if (!fields.includes('*')) return fields;
    const objects = meta.props.filter(
      (property) => property.object && property.hasConvertToJSValueSQL && property.persist !== false,
    );
    return [...fields, ...objects.map(({ name }) => name)];
  }

  async #insertCollections<Entity extends object>(
    { meta, property }: RenamedKey<Entity>,
    value: unknown,
    collections: EntityData<Entity>,
    options: DriverMethodOptions,
  ): Promise<void> {
    const stored = property.customType?.convertToDatabaseValue(value, this.platform) ?? value;
    await this.processManyToMany(meta, [stored as Primary<Entity>], collections, false, options);
  }

  /** The key of an entity, if it is one property whose column has another name. */
  #renamedKey<Entity extends object>(entityName: EntityName<Entity>): RenamedKey<Entity> | undefined {
    const meta: EntityMetadata<Entity> = this.metadata.get(entityName);
    const [property, ...others] = meta.getPrimaryProps();
    const [column] = property?.fieldNames ?? [];
    if (property === undefined || column === undefined || others.length > 0 || column === property.name)
      return undefined;
    return { meta, property, column };
  }
}

function keyOf<Entity extends object>(
  { property, column }: RenamedKey<Entity>,
  data: EntityDictionary<Entity>,
  row: object | undefined,
): unknown {
  return data[property.name as keyof typeof data] ?? (row as Record<string, unknown> | undefined)?.[column];
}
