import { describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { adminClient, createTestDatabase } from '../support/test-server.ts';
import { query } from './query.ts';

describe('createTestDatabase', () => {
  it('creates a database, and copies of it', async () => {
    await using template = await createTestDatabase();
    await query(template.url, 'create table copied as select 1 as one');
    const copies = await Promise.all([createTestDatabase(template.name), createTestDatabase(template.name)]);
    for (const copy of copies) {
      await using database = copy;
      expect(await query(database.url, 'select current_database() as name, one from copied')).toEqual([
        { name: database.name, one: 1 },
      ]);
    }
  });

  it('drops it despite open connections', async () => {
    const database = await createTestDatabase();
    const client = new Client({ connectionString: database.url });
    client.on('error', () => {}); // The connection is cut.
    await client.connect();
    await database[Symbol.asyncDispose]();
    await using admin = await adminClient();
    const { rows } = await admin.query('select from pg_database where datname = $1', [database.name]);
    expect(rows).toEqual([]);
  });
});
