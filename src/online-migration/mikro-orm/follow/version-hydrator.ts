import { type EntityData, type EntityFactory, type EntityMetadata, ObjectHydrator } from '@mikro-orm/core';
import { ColumnNotEnforcedError } from '../../follow/active-column.ts';

/** MikroORM's parameters. */
type HydrateOptions<Entity extends object> = [
  entity: Entity,
  meta: EntityMetadata<Entity>,
  data: EntityData<Entity>,
  factory: EntityFactory,
  type: 'full' | 'reference',
  newEntity?: boolean,
  convertCustomTypes?: boolean,
  schema?: string,
  parentSchema?: string,
  normalizeAccessors?: boolean,
];

/** The properties of a version's entity that have a value in every row while their column is active. */
const filledProperties = new WeakMap<EntityMetadata, Map<string, string>>();

/** Declares that a property of a version has a value in every row. */
export function expectFilled(meta: EntityMetadata, property: string, column: string): void {
  const properties = filledProperties.get(meta) ?? new Map<string, string>();
  filledProperties.set(meta, properties.set(property, column));
}

/**
 * Reads rows into entities. A row without a value proves that its column is no longer active, so the unit of work must run
 * again instead of receiving null.
 */
export class VersionHydrator extends ObjectHydrator {
  override hydrate<Entity extends object>(...options: HydrateOptions<Entity>): void {
    const [, meta, data, , , , convertCustomTypes = false] = options;
    // Data that the application gives is not converted.
    const properties = convertCustomTypes ? filledProperties.get(meta as EntityMetadata) : undefined;
    for (const [property, column] of properties ?? []) {
      if (data[property as keyof typeof data] === null) throw new ColumnNotEnforcedError(column);
    }
    super.hydrate(...options);
  }
}
