import { MikroORM } from '@mikro-orm/postgresql';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { openMigrator } from '../../support/event-project/migrator.ts';
import { eventProjectOptions } from '../../support/event-project/options.ts';
import { createTestDatabase } from '../../support/test-server.ts';
import type { TestMigrator } from '../../support/test-migrator.ts';

// The entity of the event project describes the table after its change.

let resources: AsyncDisposableStack;
let url: string;
let client: DatabaseClient;
let migrator: TestMigrator;
let orm: MikroORM;

beforeEach(async () => {
  resources = new AsyncDisposableStack();
  ({ url } = resources.use(await createTestDatabase()));
  client = resources.use(await connect(url));
  migrator = resources.use(await openMigrator(url));
  orm = resources.use(await MikroORM.init({ ...eventProjectOptions(url), logger: () => undefined }));
});
afterEach(() => resources.disposeAsync());

const STEPS = ['0001', '0002', '0003', '0004', '0005', '0006', '0005', '0004', '0003', '0002', '0001'];

it('causes no difference to the table at any stage, up and down', async () => {
  for (const step of STEPS) {
    await migrator.go(step);
    expect(await orm.schema.getUpdateSchemaSQL({ wrap: false })).toBe('');
    expect(await orm.migrator.checkSchema()).toBe(false);
  }
});

it('differs from the table in other columns at every stage', async () => {
  for (const step of STEPS) {
    await migrator.go(step);
    await client.rows(`alter table event add column note text`);
    expect(await orm.schema.getUpdateSchemaSQL({ wrap: false })).toContain('drop column "note"');
    await client.rows(`alter table event drop column note`);
  }
});

it.each([
  ['0001', 'at'],
  ['0002', 'at'],
  ['0003', 'at'],
  ['0004', 'at'],
  ['0005', 'at_new'],
  ['0006', 'at'],
])('is dropped at %s together with the state of its change, and can be made again', async (step, column) => {
  await migrator.go(step);
  await client.rows(`insert into event (name, ${column}) values ('a', '2024-01-01 10:00:00')`);
  await orm.schema.drop({ dropMigrationsTable: true });
  expect(await client.value(`select to_regnamespace('online_migration')`)).toBeNull();
  expect(await client.value(`select to_regclass('event')`)).toBeNull();
  await using again = await openMigrator(url);
  await again.go('0006');
  expect(await client.value(`select count(*) from event`)).toBe('0');
});
