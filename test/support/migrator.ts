import { features } from '../../src/features.ts';
import { migratorOptions } from '../../src/orm/migrator-options.ts';
import type { OnlineMigratorOptions } from '../../src/online-migration/mikro-orm/online-migrator.ts';
import { openTestMigrator, type TestMigrator } from './test-migrator.ts';
import { createTestDatabase, type TestDatabase } from './test-server.ts';

export type { TestMigrator } from './test-migrator.ts';

/**
 * Opens the template's migrator in the process of the test.
 * @param url the database to migrate
 * @param options how patient the phases are, and who receives their events
 */
export function openMigrator(
  url: string,
  { onEvent, ...settings }: OnlineMigratorOptions = {},
): Promise<TestMigrator> {
  const entities = features.flatMap((feature) => feature.entities);
  return openTestMigrator(migratorOptions(url, entities, { settings, ...(onEvent && { onEvent }) }));
}

/** A database migrated to the first migration, or to a later one. */
export async function createMigratedDatabase(to = '0001'): Promise<TestDatabase> {
  const database = await createTestDatabase();
  await using migrator = await openMigrator(database.url);
  await migrator.go(to);
  return database;
}
