import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { createdAtColumn } from '../../../src/large-record/created-at-change.ts';
import { readApiP99 } from '../../../src/online-migration/backfill/throttle/api-latency.ts';
import { readBackfillProgress } from '../../../src/online-migration/backfill/plan/progress.ts';
import { DEFAULT_BACKFILL_SETTINGS } from '../../../src/online-migration/backfill/throttle/settings.ts';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { lockWaiter } from '../../support/lock-waits.ts';
import { createMigratedDatabase, openMigrator } from '../../support/migrator.ts';
import { insertRows } from '../../support/seeded-table.ts';
import { send } from '../../support/send.ts';
import { startTestApplication, type TestApplication } from '../../support/test-application.ts';

const ROWS = 2_000;
/** How long a request is kept waiting at least, in milliseconds. */
const SLOW_MS = 300;
/** Longer than the window of the recent durations, in milliseconds. */
const WINDOW_MS = 30_000;

let resources: AsyncDisposableStack;
let url: string;
let client: DatabaseClient;
let api: TestApplication;

beforeEach(async () => {
  resources = new AsyncDisposableStack();
  ({ url } = resources.use(await createMigratedDatabase('0001')));
  client = resources.use(await connect(url));
  await insertRows(client, ROWS);
  api = resources.use(await startTestApplication(url));
});
afterEach(async () => {
  jest.restoreAllMocks();
  await resources.disposeAsync();
});

/** One request that is slow, because another session holds its row. */
async function sendSlowly(): Promise<void> {
  await client.rows('begin');
  await client.rows('select from large_record where id = 1 for update');
  const patch = send(`${api.url}/large_records/1`, { method: 'PATCH', body: { name: 'changed' } });
  await lockWaiter(url);
  await delay(SLOW_MS);
  await client.rows('commit');
  expect((await patch).status).toBe(200);
}

it('what the backfill reads from /metrics is the p99 of the requests for records', async () => {
  const read = () => readApiP99(`${api.url}/metrics`);
  expect(await read()).toBe(0);
  await send(`${api.url}/list_large`);
  const before = await read();
  expect(before).toBeGreaterThan(0);
  await sendSlowly();
  const after = await read();
  expect(after).toBeGreaterThanOrEqual(SLOW_MS);
  expect(after).toBeLessThan(Number.POSITIVE_INFINITY);
  // The window moves on, and what is in it is forgotten.
  const now = performance.now();
  jest.spyOn(performance, 'now').mockImplementation(() => now + WINDOW_MS);
  expect(await read()).toBe(0);
});

it('a backfill waits while the API is slow, and goes on when that is past', async () => {
  await sendSlowly();
  const throttle = {
    ...DEFAULT_BACKFILL_SETTINGS.throttle,
    apiP99Ms: SLOW_MS / 2,
    apiLatencyUrl: `${api.url}/metrics`,
  };
  const migrator = resources.use(
    await openMigrator(url, { backfill: { ...DEFAULT_BACKFILL_SETTINGS, throttle } }),
  );
  await migrator.go('0002');
  const backfill = migrator.go('0003');
  let pausedFor: string | null | undefined;
  do pausedFor = (await readBackfillProgress(client, createdAtColumn))?.pausedFor;
  while (!pausedFor);
  const [, p99Ms] = /^the API's p99 is (\d+) ms$/.exec(pausedFor)!;
  expect(Number(p99Ms)).toBeGreaterThanOrEqual(SLOW_MS);
  const now = performance.now();
  jest.spyOn(performance, 'now').mockImplementation(() => now + WINDOW_MS);
  await backfill;
  expect(await client.value(`select count(*) from large_record where created_at_new is null`)).toBe('0');
});
