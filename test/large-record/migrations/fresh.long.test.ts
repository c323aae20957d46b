import { describe, expect, it } from '@jest/globals';
import { runMikroOrm } from '../../support/command-line.ts';
import { connect } from '../../support/database-client.ts';
import { createMigratedDatabase, openMigrator } from '../../support/migrator.ts';
import { insertRows } from '../../support/seeded-table.ts';

const STAGES = ['0001', '0002', '0003', '0004', '0005', '0006'];

async function readState(url: string) {
  await using client = await connect(url);
  return {
    type: await client.value(`
      select format_type(atttypid, atttypmod) from pg_attribute
      where attrelid = 'large_record'::regclass and attname = 'created_at'`),
    rows: await client.value(`select count(*)::int from large_record`),
    triggers: await client.value(`
      select count(*)::int from pg_trigger where tgrelid = 'large_record'::regclass and not tgisinternal`),
    state: await client.value(`select to_regclass('online_migration.column_change')::text`),
  };
}

async function databaseAt(stage: string) {
  const database = await createMigratedDatabase('0001');
  await using client = await connect(database.url);
  await insertRows(client, 10);
  await using migrator = await openMigrator(database.url);
  await migrator.go(stage);
  return database;
}

describe.each(STAGES)('at %s', (stage) => {
  it('migration:fresh drops the table and the state of its change, and runs all migrations', async () => {
    await using database = await databaseAt(stage);
    const { exitCode, output } = await runMikroOrm(database.url, 'migration:fresh');
    expect({ exitCode, output }).toMatchObject({ exitCode: 0 });
    expect(await readState(database.url)).toMatchObject({
      type: 'timestamp with time zone',
      rows: 0,
      triggers: 0,
    });
    await using migrator = await openMigrator(database.url);
    expect(await migrator.applied()).toEqual(STAGES);
    await migrator.go('0001');
    await migrator.go('0006');
  }, 120_000);

  it('schema:fresh makes the table of the entity, without the state of a change', async () => {
    await using database = await databaseAt(stage);
    const { exitCode, output } = await runMikroOrm(database.url, 'schema:fresh', '--run');
    expect({ exitCode, output }).toMatchObject({ exitCode: 0 });
    expect(await readState(database.url)).toEqual({
      type: 'timestamp with time zone',
      rows: 0,
      triggers: 0,
      state: null,
    });
  }, 120_000);
});
