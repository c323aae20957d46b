import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createdAtColumn } from '../support/created-at-column.ts';
import { readTableShape } from '../../../src/online-migration/state/table-shape.ts';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { type Load, startLoad } from '../support/load.ts';
import { createMigratedDatabase, openMigrator, type TestMigrator } from '../../support/migrator.ts';
import { insertRows } from '../../support/seeded-table.ts';
import { startTestApplication } from '../../support/test-application.ts';

const ROWS = 20_000;
const CLIENTS = 6;
/** Requests before each phase, so that each phase meets busy clients. */
const REQUESTS_BETWEEN = 200;
const WAY = ['0002', '0003', '0004', '0005', '0006', '0005', '0004', '0003', '0002', '0001'];

const resources = new AsyncDisposableStack();
let client: DatabaseClient;
let migrator: TestMigrator;
let load: Load;

beforeAll(async () => {
  const database = resources.use(await createMigratedDatabase('0001'));
  client = resources.use(await connect(database.url));
  await insertRows(client, ROWS);
  migrator = resources.use(await openMigrator(database.url));
  const api = resources.use(await startTestApplication(database.url));
  load = resources.use(startLoad([api.url], CLIENTS));
});
afterAll(() => resources.disposeAsync());

/** Counts rows whose columns differ; only some stages have two columns. */
async function countDifferences(): Promise<string> {
  const { oldColumn, newColumn } = await readTableShape(client, createdAtColumn);
  if (oldColumn === null || newColumn === null) return '0';
  return client.value<string>(`
    select count(*) from large_record
    where created_at_new is not null and created_at::timestamp at time zone 'UTC' <> created_at_new`);
}

describe('all migrations under load', () => {
  it.each([...WAY, ...WAY.slice(0, 5)])('no request fails on the way to %s', async (migration) => {
    const before = load.served;
    await load.servedMore(REQUESTS_BETWEEN);
    await migrator.go(migration);
    await load.servedMore(REQUESTS_BETWEEN);
    expect(load.failures).toEqual([]);
    expect(load.served).toBeGreaterThanOrEqual(before + 2 * REQUESTS_BETWEEN);
    expect(await countDifferences()).toBe('0');
  });

  it('no acknowledged write is lost or changed, and no unwritten row is changed', async () => {
    await load.stop();
    const rows = await client.rows<{ id: string; name: string; created_at: string }>(`
      select id, name, to_char(created_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') as created_at from large_record`);
    const stored = new Map(rows.map(({ id, ...record }) => [Number(id), record]));
    const wrong = [...load.ledger].filter(([id, record]) => {
      const found = stored.get(id);
      return record === null ? found !== undefined : JSON.stringify(found) !== JSON.stringify(record);
    });
    expect(wrong).toEqual([]);
    expect(load.ledger.size).toBeGreaterThan(CLIENTS);
    const untouched = await client.value<string>(`
      select count(*) from large_record
      where name = 'LargeRecord_' || id
        and created_at = timestamptz '2024-01-01 10:00:00+00' + (id - 1) * interval '1 second'`);
    expect(Number(untouched)).toBe(ROWS);
  });
});
