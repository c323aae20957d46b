import { describe, expect, it } from '@jest/globals';
import type { Client } from 'pg';
import { LARGEST_NUMBER, seededRecord, seedLargeRecords } from '../../src/large-record/seeding.ts';
import {
  AFTER_MIGRATION,
  createLargeRecordTable,
  createLargeRecordTableAfter,
} from './support/large-record-table.ts';
import { openMigrator } from '../support/migrator.ts';
import { lockWaiter } from '../support/lock-waits.ts';
import { createTestDatabase } from '../support/test-server.ts';

const MIGRATIONS = Object.keys(AFTER_MIGRATION) as (keyof typeof AFTER_MIGRATION)[];
/** More than one transaction's worth. */
const SEVERAL_CHUNKS = 250_000;

interface SeedOptions {
  append?: boolean;
  signal?: AbortSignal;
  report?: (rowsDone: number) => void;
}

function seed(
  url: string,
  rows: number,
  { append = false, signal = new AbortController().signal, report = () => {} }: SeedOptions = {},
) {
  return seedLargeRecords(url, { rows, append, signal, report });
}

/** Counts the rows and those whose values do not match their id, and reads the highest id. */
async function inspect(client: Client, column = 'created_at') {
  const { rows } = await client.query<{ rows: number; wrong: number; last: number }>(
    `
    select count(*)::integer as rows, max(id)::integer as last,
      count(*) filter (
        where name <> 'LargeRecord_' || id
          or ${column}::timestamp is distinct from timestamp '2024-01-01 10:00:00' + (id - 1) * interval '1 second'
      )::integer as wrong
    from large_record`,
  );
  return rows[0]!;
}

describe('seedLargeRecords', () => {
  it('numbers the records from 1 on, a second apart, as text in the format of the application', async () => {
    await using table = await createLargeRecordTable('old');
    expect(await seed(table.url, 3)).toEqual({ first: 1, last: 3 });
    const { rows } = await table.client.query('select id, name, created_at from large_record order by id');
    expect(rows).toEqual([
      { id: '1', name: 'LargeRecord_1', created_at: '2024-01-01 10:00:00' },
      { id: '2', name: 'LargeRecord_2', created_at: '2024-01-01 10:00:01' },
      { id: '3', name: 'LargeRecord_3', created_at: '2024-01-01 10:00:02' },
    ]);
  });

  it('reports the committed rows, and leaves fresh statistics', async () => {
    await using table = await createLargeRecordTable('old');
    const reports: number[] = [];
    await seed(table.url, SEVERAL_CHUNKS, { report: (rowsDone) => reports.push(rowsDone) });
    expect(reports).toEqual([100_000, 200_000, 250_000]);
    expect(await inspect(table.client)).toEqual({ rows: SEVERAL_CHUNKS, wrong: 0, last: SEVERAL_CHUNKS });
    const { rows } = await table.client.query(
      `select reltuples from pg_class where oid = 'large_record'::regclass`,
    );
    expect(rows).toEqual([{ reltuples: SEVERAL_CHUNKS }]);
  });

  it.each(MIGRATIONS)('continues after the last number after migration %s', async (migration) => {
    await using table = await createLargeRecordTableAfter(migration);
    await seed(table.url, 2);
    expect(await seed(table.url, 3, { append: true })).toEqual({ first: 3, last: 5 });
    expect(await inspect(table.client, table.column)).toEqual({ rows: 5, wrong: 0, last: 5 });
  });

  it('fills both columns if both exist', async () => {
    await using table = await createLargeRecordTableAfter('0002');
    await seed(table.url, 2);
    await using migrator = await openMigrator(table.url);
    await migrator.go('0004');
    await seed(table.url, 2, { append: true });
    expect(await inspect(table.client, 'created_at')).toEqual({ rows: 4, wrong: 0, last: 4 });
    expect(await inspect(table.client, 'created_at_new')).toEqual({ rows: 4, wrong: 0, last: 4 });
  });

  it('follows the column when its type changes in between', async () => {
    await using table = await createLargeRecordTable('old');
    let change: Promise<unknown> | undefined;
    await seed(table.url, SEVERAL_CHUNKS, {
      report: () => {
        change ??= table.client.query(
          `alter table large_record alter column created_at type timestamptz
           using created_at::timestamp at time zone 'UTC'`,
        );
      },
    });
    await change;
    expect(await inspect(table.client)).toEqual({ rows: SEVERAL_CHUNKS, wrong: 0, last: SEVERAL_CHUNKS });
  });

  it('leaves whole chunks when it is stopped, and continues from there', async () => {
    await using table = await createLargeRecordTable('old');
    const controller = new AbortController();
    const ended = seed(table.url, SEVERAL_CHUNKS, {
      signal: controller.signal,
      report: () => setImmediate(() => controller.abort(new Error('told to end'))),
    });
    await expect(ended).rejects.toThrow('told to end');
    expect(await inspect(table.client)).toEqual({ rows: 100_000, wrong: 0, last: 100_000 });
    const { first, last } = await seed(table.url, 10, { append: true });
    expect({ first, last }).toEqual({ first: 100_001, last: 100_010 });
  });

  it('continues from the newest seeded name, and ignores other names', async () => {
    await using table = await createLargeRecordTable('old');
    await seed(table.url, 2);
    for (const name of ['LargeRecord_', 'LargeRecord_07', 'LargeRecord_9x', 'largerecord_9', 'other']) {
      await table.store(name, '2024-01-01 10:00:00');
    }
    expect(await seed(table.url, 1, { append: true })).toEqual({ first: 3, last: 3 });
  });

  it('begins with 1 if the table is empty', async () => {
    await using table = await createLargeRecordTable('old');
    expect(await seed(table.url, 1, { append: true })).toEqual({ first: 1, last: 1 });
  });

  it('refuses a table that has rows', async () => {
    await using table = await createLargeRecordTable('old');
    await table.store('other', '2024-01-01 10:00:00');
    await expect(seed(table.url, 1)).rejects.toThrow('already has rows: add --append');
    expect(await inspect(table.client)).toMatchObject({ rows: 1 });
  });

  it('refuses a database without the table', async () => {
    await using database = await createTestDatabase();
    await expect(seed(database.url, 1)).rejects.toThrow(
      'The table public.large_record does not exist: run `npx mikro-orm migration:up --to 0001` first.',
    );
  });

  it('refuses to run during another seeding', async () => {
    await using table = await createLargeRecordTable('old');
    await table.client.query('begin');
    await table.client.query('lock table large_record in share mode');
    const first = seed(table.url, 1);
    await lockWaiter(table.url);
    await expect(seed(table.url, 1, { append: true })).rejects.toThrow(
      'Another seeding is running in this database: wait until it has finished.',
    );
    await table.client.query('commit');
    expect(await first).toEqual({ first: 1, last: 1 });
  });

  it('refuses numbers whose created_at the application would not accept', async () => {
    expect(seededRecord(LARGEST_NUMBER).createdAt.toISOString()).toBe('9999-12-31T23:59:59.000Z');
    await using table = await createLargeRecordTable('old');
    await table.store(`LargeRecord_${LARGEST_NUMBER - 1}`, '9999-12-31 23:59:58');
    await expect(seed(table.url, 2, { append: true })).rejects.toThrow(
      `There is no room for 2 more records after LargeRecord_${LARGEST_NUMBER - 1}`,
    );
    expect(await seed(table.url, 1, { append: true })).toMatchObject({ last: LARGEST_NUMBER });
  });
});
