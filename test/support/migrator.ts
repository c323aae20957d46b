import { migratorOptions } from '../../src/large-record/migrator-options.ts';
import type { MigrationSettings } from '../../src/online-migration/phases/settings.ts';
import { openTestMigrator, type TestMigrator } from './test-migrator.ts';
import { createTestDatabase, type TestDatabase } from './test-server.ts';

export type { TestMigrator } from './test-migrator.ts';

/**
 * Opens the template's migrator in the process of the test.
 * @param url the database to migrate
 * @param settings how patient the moves are
 */
export function openMigrator(url: string, settings: Partial<MigrationSettings> = {}): Promise<TestMigrator> {
  return openTestMigrator(migratorOptions(url, settings));
}

/** An empty database that is migrated to the first migration, or further. */
export async function createMigratedDatabase(to = '0001'): Promise<TestDatabase> {
  const database = await createTestDatabase();
  await using migrator = await openMigrator(database.url);
  await migrator.go(to);
  return database;
}
