import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  createEarlierDatabase,
  type EarlierDatabase,
} from '../../online-migration/state/earlier-database.ts';
import type { DatabaseClient } from '../../support/database-client.ts';
import { openMigrator } from '../../support/migrator.ts';
import { createRole } from '../../support/roles.ts';

let database: EarlierDatabase;
let admin: DatabaseClient;
beforeEach(async () => {
  database = await createEarlierDatabase();
  ({ admin } = database);
});
afterEach(async () => database[Symbol.asyncDispose]());

/** The steps that are recorded; null if none are. */
const steps = async () =>
  (await admin.value(`select to_regclass('online_migration.step')`)) === null
    ? null
    : admin.value<number[]>(`select array_agg(number order by number) from online_migration.step`);

describe('a database that an earlier version of the package left', () => {
  it('goes up and down through MikroORM, also if two runners start at the same moment', async () => {
    const texts = await admin.value(`select string_agg(created_at, ' ' order by id) from large_record`);
    await using one = await openMigrator(database.owner.url);
    await using other = await openMigrator(database.owner.url);
    await Promise.all([one.go('0006'), other.go('0006')]);
    expect(await one.applied()).toEqual(['0001', '0002', '0003', '0004', '0005', '0006']);
    expect(await steps()).toEqual([1, 2]);
    await one.go('0001');
    expect(await admin.value(`select string_agg(created_at, ' ' order by id) from large_record`)).toBe(texts);
  });

  it('compares the entities with the database without the change under way, before and after', async () => {
    await using role = await createRole(database.url);
    await admin.rows(`grant select on large_record to ${role.name}`);
    await using comparing = await openMigrator(role.url);
    const difference = () => comparing.orm.schema.getUpdateSchemaSQL({ wrap: false });
    expect(await difference()).toBe('');
    await using migrator = await openMigrator(database.owner.url);
    await migrator.go('0003');
    expect(await steps()).toEqual([1, 2]);
    expect(await difference()).toBe('');
  });
});
