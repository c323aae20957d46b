import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createTestDatabase } from '../../support/test-server.ts';
import { openProjectCopy, type ProjectCopy } from '../../online-migration/cli/new-project.ts';

const CLI = 'node_modules/@mikro-orm/cli/cli.js';
const PHASES = ['0001', '0002', '0003', '0004', '0005', '0006'];
/** Each command loads the ORM. */
const LIMIT_MS = 120_000;

let project: ProjectCopy;
beforeEach(async () => {
  project = await openProjectCopy([]);
});
afterEach(async () => project[Symbol.asyncDispose]());

/** Writes an ordinary migration that makes a table of its name. */
async function addOrdinary(number: string): Promise<void> {
  await writeFile(
    join(project.folder, `migrations/${number}_table.ts`),
    `import { Migration } from '@mikro-orm/migrations';

export class Table${number} extends Migration {
  override up(): void {
    this.addSql('create table table_${number} (id integer)');
  }

  override down(): void {
    this.addSql('drop table table_${number}');
  }
}
`,
  );
}

const files = async () =>
  (await readdir(join(project.folder, 'migrations'))).map((name) => name.slice(0, 9)).toSorted();
const applied = () =>
  project.client.value<string[]>(`select array_agg(left(name, 9) order by id) from mikro_orm_migrations`);
const phaseFiles = PHASES.map((number) => expect.stringMatching(`^${number}_`));

describe('migration:rollup', () => {
  it(
    'refuses phases of a column change, and touches neither files nor ledger',
    async () => {
      await project.run(CLI, 'migration:up');
      const before = { files: await files(), applied: await applied() };
      const { exitCode, stdout, stderr } = await project.run(CLI, 'migration:rollup');
      expect(stdout + stderr).toContain(
        'manage their own transactions, as each phase of a column change does, so they stay as they are. Only migrations behind ' +
          '0006_rename_large_record_created_at can be merged, and fewer than two of them have run.',
      );
      expect(exitCode).toBe(1);
      expect({ files: await files(), applied: await applied() }).toEqual(before);
    },
    LIMIT_MS,
  );

  it(
    'merges the ordinary migrations behind them, which a new database accepts',
    async () => {
      for (const number of ['0007', '0008', '0009']) await addOrdinary(number);
      await project.run(CLI, 'migration:up', '--to', '0008');
      const { exitCode, stdout, stderr } = await project.run(CLI, 'migration:rollup');
      expect(stdout + stderr).toMatch(
        /the roll-up leaves out 0001_\S+, 0002_\S+, 0003_\S+, 0004_\S+, 0005_\S+, 0006_\S+\n/,
      );
      expect(exitCode).toBe(0);
      expect(await files()).toEqual([...phaseFiles, '0009_tabl', 'Migration']);
      expect(await applied()).toEqual([...phaseFiles, 'Migration']);

      await using fresh = await createTestDatabase();
      const again = await project.runOn(fresh.url, CLI, 'migration:up');
      expect(again.exitCode).toBe(0);
    },
    LIMIT_MS,
  );

  it(
    'refuses ordinary migrations ahead of a phase that has not run',
    async () => {
      for (const number of ['0000_1', '0000_2']) await addOrdinary(number);
      await project.run(CLI, 'migration:up', '--only', '0000_1_table,0000_2_table');
      const { exitCode, stdout, stderr } = await project.run(CLI, 'migration:rollup');
      expect(stdout + stderr).toContain(
        'Only migrations behind 0006_rename_large_record_created_at can be merged',
      );
      expect(exitCode).toBe(1);
      expect(await applied()).toEqual(['0000_1_ta', '0000_2_ta']);
      expect(await files()).toEqual(['0000_1_ta', '0000_2_ta', ...phaseFiles]);
    },
    LIMIT_MS,
  );
});
