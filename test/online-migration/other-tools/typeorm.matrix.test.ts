import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';
import { DataSource, EntitySchema, type QueryRunner } from 'typeorm';
import { expectWholeCycle, LIMIT_MS, type Migration } from './tool-cycle.ts';
import type { ToolProject } from './tool-project.ts';

/** TypeORM reads the order of its migrations from the end of their names. */
const FIRST_TIMESTAMP = 1_700_000_000_000;

/** Prints the statements of a migration that is generated with the entities of the page. */
const GENERATE = `
import { dataSource, follower } from './src/orders-typeorm.ts';

const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
console.log(JSON.stringify(upQueries.map(({ query }) => query)));
await follower[Symbol.asyncDispose]();
await dataSource.destroy();
`;

function migrationClass({ sql }: Migration, index: number) {
  return class {
    readonly name = `Migration${FIRST_TIMESTAMP + index}`;
    async up(runner: QueryRunner): Promise<void> {
      await runner.query(sql);
    }
    down(): Promise<void> {
      return Promise.reject(new Error('No test reverts it.'));
    }
  };
}

/** The statements of a migration that is generated while both columns exist, without and with `synchronize: false`. */
async function generateMigrations(url: string, project: ToolProject) {
  const order = new EntitySchema({
    name: 'Order',
    tableName: 'orders',
    columns: {
      id: { type: 'bigint', primary: true, generated: true },
      total: { type: 'text' },
      note: { type: 'text', nullable: true },
    },
  });
  const dataSource = await new DataSource({ type: 'postgres', url, entities: [order] }).initialize();
  const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
  await dataSource.destroy();
  await writeFile(join(project.folder, 'generate.ts'), GENERATE);
  const { stdout } = await promisify(execFile)(process.execPath, ['generate.ts'], {
    cwd: project.folder,
    env: { ...process.env, NODE_OPTIONS: '', DATABASE_URL: url },
  });
  return { careless: upQueries.map(({ query }) => query), asShown: JSON.parse(stdout) as string[] };
}

it(
  'a project with TypeORM carries a change out and back under load',
  () =>
    expectWholeCycle({
      file: 'src/orders-typeorm.ts',
      ledger: 'migrations',
      async migrate(url, migrations) {
        const dataSource = new DataSource({
          type: 'postgres',
          url,
          migrations: migrations.map(migrationClass),
        });
        await dataSource.initialize();
        try {
          await dataSource.runMigrations();
        } finally {
          await dataSource.destroy();
        }
      },
      async lookAtBoth(url, project) {
        const { careless, asShown } = await generateMigrations(url, project);
        expect(careless).toContainEqual('ALTER TABLE "orders" DROP COLUMN "total_new"');
        expect(asShown).toEqual([]);
      },
    }),
  LIMIT_MS,
);
