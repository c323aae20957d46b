import type { EntityName } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/postgresql';
import { OnlineMigrationError } from '../../change/online-migration-error.ts';

/**
 * The column that a property has in the version of an EntityManager, for statements that bypass MikroORM's mapping: raw SQL, Kysely,
 * conditions that are texts.
 *
 *     await em.execute(`select sum(${escapeIdentifier(columnOf(em, Order, 'total'))}) from orders`);
 *
 * @param em the EntityManager that runs the statement, within its unit of work
 * @param property its path in the entity: `total`, `address.street`
 * @returns the name of the column, not quoted
 * @throws OnlineMigrationError if the entity does not have the property, or it is not stored in exactly one column
 */
export function columnOf<Entity extends object>(
  em: EntityManager,
  entity: EntityName<Entity>,
  property: string,
): string {
  const meta = em.getMetadata(entity);
  const [first = '', ...rest] = property.split('.');
  let found = meta.properties[first as keyof typeof meta.properties];
  for (const name of rest) found = found?.embeddedProps?.[name] as typeof found;
  const [column, ...others] = found?.fieldNames ?? [];
  if (column !== undefined && others.length === 0) return column;
  throw new OnlineMigrationError(
    'PROPERTY_WITHOUT_COLUMN',
    `${meta.className}.${property} is not a property with exactly one column: name a property of the entity, with its path.`,
    { entity: meta.className, property },
  );
}
