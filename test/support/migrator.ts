import { MikroORM } from '@mikro-orm/postgresql';
import { features } from '../../src/features.ts';
import { migratorOptions } from '../../src/orm/migrator-options.ts';
import type { OnlineMigratorOptions } from '../../src/online-migration/mikro-orm/online-migrator.ts';
import { createTestDatabase, type TestDatabase } from './test-server.ts';

/** The project's own migrations, run in the process of the test. */
export interface TestMigrator extends AsyncDisposable {
  /** Goes to a migration, up or down as it lies; `to` is the beginning of its name. */
  go(to: string): Promise<void>;
  /** The numbers of the migrations that have run: `['0001', '0002']`. */
  applied(): Promise<string[]>;
  /** What the migrator logged. */
  readonly log: readonly string[];
  /** Resolves when it has logged so many lines more that match. */
  logged(pattern: RegExp, times?: number): Promise<void>;
  readonly orm: MikroORM;
}

/**
 * @param url the database to migrate
 * @param settings how patient the moves are, and who receives their events
 */
export async function openMigrator(
  url: string,
  { onEvent, ...settings }: OnlineMigratorOptions = {},
): Promise<TestMigrator> {
  const entities = features.flatMap(({ migratedEntities }) => migratedEntities);
  const log: string[] = [];
  const waiting = new Set<() => void>();
  const orm = await MikroORM.init({
    ...migratorOptions(url, entities, { settings, ...(onEvent && { onEvent }) }),
    colors: false,
    logger: (line) => {
      log.push(line);
      for (const look of waiting) look();
    },
  });
  const applied = async () => (await orm.migrator.getExecuted()).map(({ name }) => name.slice(0, 4));
  return {
    log,
    logged: (pattern, times = 1) => {
      const start = log.length;
      return new Promise((resolve) => {
        const look = () => {
          if (log.slice(start).filter((line) => pattern.test(line)).length < times) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
      });
    },
    orm,
    applied,
    async go(to) {
      const done = await applied();
      await (done.includes(to) ? orm.migrator.down({ to }) : orm.migrator.up({ to }));
    },
    [Symbol.asyncDispose]: () => orm.close(),
  };
}

/** An empty database that is migrated to the first migration, or further. */
export async function createMigratedDatabase(to = '0001'): Promise<TestDatabase> {
  const database = await createTestDatabase();
  await using migrator = await openMigrator(database.url);
  await migrator.go(to);
  return database;
}
