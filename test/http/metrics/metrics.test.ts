import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { STAGES } from '../../../src/online-migration/observation/stage.ts';
import { startHangingProxy } from '../../support/hanging-proxy.ts';
import { createLargeRecordTable } from '../../support/large-record-table.ts';
import { lockWaiter } from '../../support/lock-waits.ts';
import { createMigratedDatabase, openMigrator } from '../../support/migrator.ts';
import { connect } from '../../support/database-client.ts';
import { scrape } from '../../support/scrape.ts';
import { insertRows } from '../../support/seeded-table.ts';
import { send } from '../../support/send.ts';
import { startTestApplication, type TestApplication } from '../../support/test-application.ts';

/** No poll beside the requests: what uses the database is known. */
const NO_POLL = { activeColumnPollMs: 3_600_000 };
const POOL_SIZE = 10;
const ROWS = 10;

let resources: AsyncDisposableStack;
beforeEach(() => {
  resources = new AsyncDisposableStack();
});
afterEach(() => resources.disposeAsync());

async function startOnTable(): Promise<{
  api: TestApplication;
  table: Awaited<ReturnType<typeof createLargeRecordTable>>;
}> {
  const table = resources.use(await createLargeRecordTable('old'));
  await table.store('LargeRecord_1', '2024-01-01 10:00:00');
  return { table, api: resources.use(await startTestApplication(table.url, NO_POLL)) };
}

/** What must be read from the database. */
const readSamples = (samples: ReadonlyMap<string, number>) =>
  [...samples.keys()].filter((name) => /^column_change_(stage|backfill)/.test(name));

const named = (samples: ReadonlyMap<string, number>, name: string) =>
  Object.fromEntries([...samples].filter(([sample]) => sample.split('{')[0] === name));

describe('the durations of requests', () => {
  it('are counted by the pattern of the route, however many paths there are', async () => {
    const { api } = await startOnTable();
    for (let id = 1; id <= 20; id++) await send(`${api.url}/large_records/${id}`);
    for (let n = 1; n <= 20; n++) await send(`${api.url}/nothing/${n}?x=${n}`);
    await send(`${api.url}/large_records`, { method: 'POST', body: { name: 'x' } });
    await send(`${api.url}/large_records`);
    const samples = await scrape(api.url);
    expect(named(samples, 'http_request_duration_seconds_count')).toEqual({
      'http_request_duration_seconds_count{method="GET",route="/large_records/:id",status="200"}': 1,
      'http_request_duration_seconds_count{method="GET",route="/large_records/:id",status="404"}': 19,
      'http_request_duration_seconds_count{method="GET",route="none",status="404"}': 20,
      'http_request_duration_seconds_count{method="POST",route="/large_records",status="201"}': 1,
      'http_request_duration_seconds_count{method="GET",route="none",status="405"}': 1,
    });
  });

  it('of the last seconds are those of requests for records that were not refused', async () => {
    const { api } = await startOnTable();
    for (const path of ['/healthz', '/readyz', '/status', '/metrics', '/openapi.json', '/nothing']) {
      await send(`${api.url}${path}`);
    }
    await send(`${api.url}/list_large?limit=0`);
    await send(`${api.url}/large_records/999`);
    await send(`${api.url}/list_large`);
    await send(`${api.url}/large_records/1`);
    const samples = await scrape(api.url);
    expect(named(samples, 'http_request_duration_recent_seconds_count')).toEqual({
      'http_request_duration_recent_seconds_count{method="GET",route="/list_large"}': 1,
      'http_request_duration_recent_seconds_count{method="GET",route="/large_records/:id"}': 1,
    });
  });
});

it('the pool says how many connections work, and how many requests wait for one', async () => {
  const { api, table } = await startOnTable();
  await table.client.query('begin');
  await table.client.query('select from large_record for update');
  const patches = Array.from({ length: POOL_SIZE + 3 }, () =>
    send(`${api.url}/large_records/1`, { method: 'PATCH', body: { name: 'changed' } }),
  );
  await lockWaiter(table.url);
  // What /metrics itself asks the database waits behind them.
  let samples: ReadonlyMap<string, number>;
  do samples = await scrape(api.url);
  while ((samples.get('database_pool_waiting') ?? 0) < 3);
  expect(named(samples, 'database_pool_connections')).toEqual({
    'database_pool_connections{state="idle"}': 0,
    'database_pool_connections{state="used"}': POOL_SIZE,
  });
  expect(samples.get('database_pool_connections_max')).toBe(POOL_SIZE);
  await table.client.query('commit');
  for (const { status } of await Promise.all(patches)) expect(status).toBe(200);
});

it('the change says its stage, the active column and how far the backfill is, at every stage', async () => {
  const { url } = resources.use(await createMigratedDatabase('0001'));
  await insertRows(resources.use(await connect(url)), ROWS);
  const migrator = resources.use(await openMigrator(url));
  const api = resources.use(await startTestApplication(url));
  for (const [to, stage, form, column, ratio] of [
    ['0001', 'initial', 'old', 'created_at', undefined],
    ['0002', 'expanded', 'old', 'created_at', undefined],
    ['0003', 'backfilled', 'old', 'created_at', 1],
    ['0004', 'enforced', 'new', 'created_at_new', 1],
    ['0005', 'contracted', 'new', 'created_at_new', undefined],
    ['0006', 'renamed', 'renamed', 'created_at', undefined],
  ] as const) {
    if (to !== '0001') await migrator.go(to);
    const active = `column_change_active_column{form="${form}",column="${column}"}`;
    let samples: ReadonlyMap<string, number>;
    do samples = await scrape(api.url);
    while (samples.get(`column_change_stage{stage="${stage}"}`) !== 1 || !samples.has(active));
    expect(named(samples, 'column_change_stage')).toEqual(
      Object.fromEntries(
        STAGES.map((each) => [`column_change_stage{stage="${each}"}`, each === stage ? 1 : 0]),
      ),
    );
    expect(named(samples, 'column_change_active_column')).toEqual({ [active]: 1 });
    expect(samples.get('column_change_up')).toBe(1);
    const backfill = (name: string) => samples.get(`column_change_backfill_${name}{direction="forward"}`);
    expect(['ratio', 'rows_done', 'rows', 'eta_seconds', 'paused'].map(backfill)).toEqual(
      ratio === undefined ? Array.from({ length: 5 }) : [ratio, ROWS, ROWS, 0, 0],
    );
    expect(backfill('rows_per_second') === undefined).toBe(ratio === undefined);
  }
  expect((await scrape(api.url)).get('column_change_switches_total')).toBe(2);
});

it('a request that meets a move is counted', async () => {
  const { api, table } = await startOnTable();
  expect((await send(`${api.url}/list_large`)).status).toBe(200);
  expect((await scrape(api.url)).get('column_change_reresolutions_total')).toBe(0);
  await table.client.query(
    `alter table large_record alter created_at type timestamptz using created_at::timestamptz`,
  );
  expect((await send(`${api.url}/list_large`)).status).toBe(200);
  const samples = await scrape(api.url);
  expect(samples.get('column_change_reresolutions_total')).toBe(1);
  expect(samples.get('column_change_switches_total')).toBe(1);
});

describe('without the database', () => {
  it('what needs it is absent, and the rest is there', async () => {
    const api = resources.use(
      await startTestApplication('postgres://someone@127.0.0.1:9/none', { requestTimeoutMs: 400 }),
    );
    await send(`${api.url}/healthz`);
    const samples = await scrape(api.url);
    expect(samples.get('column_change_up')).toBe(0);
    expect(readSamples(samples)).toEqual([]);
    expect(samples.get('database_pool_connections{state="used"}')).toBe(0);
    expect([...samples.keys()]).toContain(
      'http_request_duration_seconds_count{method="GET",route="/healthz",status="200"}',
    );
  });

  it('one that is silent is asked once, however often someone asks, until it speaks again', async () => {
    const table = resources.use(await createLargeRecordTable('old'));
    const proxy = resources.use(await startHangingProxy(table.url));
    const api = resources.use(await startTestApplication(proxy.url, NO_POLL));
    expect((await send(`${api.url}/list_large`)).status).toBe(200);
    proxy.hang();
    await Promise.all(Array.from({ length: 5 }, () => scrape(api.url)));
    const samples = await scrape(api.url);
    expect(samples.get('column_change_up')).toBe(0);
    expect(readSamples(samples)).toEqual([]);
    expect(samples.get('database_pool_connections{state="used"}')).toBe(1);
    expect(samples.get('database_pool_waiting')).toBe(0);
    proxy.goOn();
    while ((await scrape(api.url)).get('column_change_up') !== 1);
    expect((await scrape(api.url)).get('column_change_stage{stage="initial"}')).toBe(1);
  });
});
