import { it } from '@jest/globals';
import knex from 'knex';
import { expectWholeCycle, LIMIT_MS, type Migration } from './tool-cycle.ts';

it(
  'a project with Knex carries a change out and back under load',
  () =>
    expectWholeCycle({
      file: 'src/orders-knex.ts',
      ledger: 'knex_migrations',
      async migrate(url, migrations) {
        const db = knex({ client: 'pg', connection: url });
        const migrationSource = {
          getMigrations: () => Promise.resolve([...migrations]),
          getMigrationName: ({ name }: Migration) => name,
          getMigration: ({ sql }: Migration) =>
            Promise.resolve({
              up: async (database: typeof db) => void (await database.raw(sql)),
              down: () => Promise.reject(new Error('No test reverts it.')),
            }),
        };
        try {
          await db.migrate.latest({ migrationSource });
        } finally {
          await db.destroy();
        }
      },
    }),
  LIMIT_MS,
);
