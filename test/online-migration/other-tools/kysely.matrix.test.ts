import { it } from '@jest/globals';
import { Kysely, PostgresDialect, sql } from 'kysely';
import { Migrator } from 'kysely/migration';
import { Pool } from 'pg';
import { expectWholeCycle, LIMIT_MS } from './tool-cycle.ts';

it(
  'a project with Kysely carries a change out and back under load',
  () =>
    expectWholeCycle({
      file: 'src/orders-kysely.ts',
      ledger: 'kysely_migration',
      async migrate(url, migrations) {
        const pool = new Pool({ connectionString: url });
        await using db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
        const provider = {
          getMigrations: () =>
            Promise.resolve(
              Object.fromEntries(
                migrations.map(({ name, sql: text }) => [
                  name,
                  { up: async (database: Kysely<unknown>) => void (await sql.raw(text).execute(database)) },
                ]),
              ),
            ),
        };
        const { error } = await new Migrator({ db, provider }).migrateToLatest();
        if (error !== undefined) throw error;
      },
    }),
  LIMIT_MS,
);
