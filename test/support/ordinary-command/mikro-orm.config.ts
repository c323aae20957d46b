import { join } from 'node:path';
import type { Migration } from '@mikro-orm/migrations';
import { defineConfig } from '@mikro-orm/postgresql';
import {
  OnlineMigration,
  onlineMigrations,
  type TableFill,
} from '../../../src/online-migration/mikro-orm/index.ts';
import type { CommandMigration } from './start.ts';

const url = process.env['DATABASE_URL']!;
const migrations = JSON.parse(process.env['ORDINARY_MIGRATIONS'] ?? '{}') as Record<string, CommandMigration>;

async function add(migration: OnlineMigration, parts: readonly (string | TableFill)[]): Promise<void> {
  for (const part of parts) {
    if (typeof part === 'string') migration.addSql(part);
    else await migration.fill(part);
  }
}

function classOf({ up, down = [], sends = [] }: CommandMigration): new (...given: never[]) => Migration {
  return class extends OnlineMigration {
    override async up(): Promise<void> {
      for (const statement of sends) await this.execute(statement);
      await add(this, up);
    }

    override async down(): Promise<void> {
      await add(this, down);
    }
  };
}

export default defineConfig({
  clientUrl: url,
  entities: [],
  ensureDatabase: false,
  discovery: { warnWhenNoEntities: false },
  driverOptions: { connectionString: url },
  ...onlineMigrations({
    settings: JSON.parse(process.env['ORDINARY_SETTINGS'] ?? '{}') as object,
    migrations: {
      path: process.env['ORDINARY_FOLDER'] ?? join(import.meta.dirname, 'none'),
      snapshot: false,
      migrationsList: Object.entries(migrations).map(([name, migration]) => ({
        name,
        class: classOf(migration) as never,
      })),
    },
  }),
});
