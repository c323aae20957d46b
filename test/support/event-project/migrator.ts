import type { OnlineMigratorOptions } from '../../../src/online-migration/mikro-orm/online-migrator.ts';
import { openTestMigrator, type TestMigrator } from '../test-migrator.ts';
import { createTestDatabase, type TestDatabase } from '../test-server.ts';
import { eventProjectOptions } from './options.ts';

/**
 * Opens the project's migrator in the process of the test.
 * @param url the database to migrate
 * @param options settings that differ from the defaults, and who receives the events
 */
export function openMigrator(
  url: string,
  { onEvent, ...settings }: OnlineMigratorOptions = {},
): Promise<TestMigrator> {
  return openTestMigrator(eventProjectOptions(url, { settings, ...(onEvent && { onEvent }) }));
}

/** An empty database that is migrated to the first migration of the project, or further. */
export async function createMigratedDatabase(to = '0001'): Promise<TestDatabase> {
  const database = await createTestDatabase();
  await using migrator = await openMigrator(database.url);
  await migrator.go(to);
  return database;
}
