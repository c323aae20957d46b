import { MikroORM } from '@mikro-orm/postgresql';
import { features } from '../../src/features.ts';
import { migratorOptions } from '../../src/orm/migrator-options.ts';
import type { OnlineMigratorOptions } from '../../src/online-migration/mikro-orm/online-migrator.ts';
import { createTestDatabase, type TestDatabase } from './test-server.ts';

/** The project's own migrations, run in the process of the test. */
export interface TestMigrator extends AsyncDisposable {
  /** Migrates up or down to a migration; `to` is the prefix of its name. */
  go(to: string): Promise<void>;
  /** The numbers of the migrations that have run: `['0001', '0002']`. */
  applied(): Promise<string[]>;
  /** The migrator's log. */
  readonly log: readonly string[];
  /** Resolves when it has logged this many more matching lines. */
  logged(pattern: RegExp, times?: number): Promise<void>;
  readonly orm: MikroORM;
}

/**
 * @param url the database to migrate
 * @param settings lock timeouts and event listeners of the phases
 */
export async function openMigrator(url: string, settings: OnlineMigratorOptions = {}): Promise<TestMigrator> {
  const entities = features.flatMap(({ migratedEntities }) => migratedEntities);
  const log: string[] = [];
  const waiting = new Set<() => void>();
  const orm = await MikroORM.init({
    ...migratorOptions(url, entities, settings),
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

/** A database migrated to the first migration, or to a later one. */
export async function createMigratedDatabase(to = '0001'): Promise<TestDatabase> {
  const database = await createTestDatabase();
  await using migrator = await openMigrator(database.url);
  await migrator.go(to);
  return database;
}
