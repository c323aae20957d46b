import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { namesOf } from '../../../src/online-migration/change/names.ts';
import { STAGES } from '../../../src/online-migration/observation/stage.ts';
import { startHangingProxy } from '../../support/hanging-proxy.ts';
import { priorityColumn } from '../../support/notes/note-change.ts';
import { startNotes } from '../../support/notes/notes-application.ts';
import { createNotesTable, type NotesTable } from '../../support/notes/notes-table.ts';
import { lockWaiter } from '../../support/lock-waits.ts';
import { scrape } from '../../support/scrape.ts';
import { send } from '../../support/send.ts';
import type { TestApplication } from '../../support/test-application.ts';

/** No polls: only the requests use the database. */
const NO_POLL = { activeColumnPollMs: 3_600_000 };
const POOL_SIZE = 10;
const ROWS = 10;
/** The label of the samples of the change. */
const CHANGE = `change="${namesOf(priorityColumn).change}"`;

let resources: AsyncDisposableStack;
beforeEach(() => {
  resources = new AsyncDisposableStack();
});
afterEach(() => resources.disposeAsync());

async function startOnTable(): Promise<{ api: TestApplication; table: NotesTable }> {
  const table = resources.use(await createNotesTable());
  await table.store();
  return { table, api: resources.use(await startNotes(table.url, NO_POLL)) };
}

/** The samples that must be read from the database. */
const readSamples = (samples: ReadonlyMap<string, number>) =>
  [...samples.keys()].filter((name) => /^column_change_(stage|backfill)/.test(name));

const named = (samples: ReadonlyMap<string, number>, name: string) =>
  Object.fromEntries([...samples].filter(([sample]) => sample.split('{')[0] === name));

describe('the durations of requests', () => {
  it('are counted by the pattern of the route, not by path', async () => {
    const { api } = await startOnTable();
    for (let id = 1; id <= 20; id++) await send(`${api.url}/notes/${id}`);
    for (let n = 1; n <= 20; n++) await send(`${api.url}/nothing/${n}?x=${n}`);
    await send(`${api.url}/notes`, { method: 'POST', body: { text: 'x' } });
    await send(`${api.url}/notes`, { method: 'PUT' });
    const samples = await scrape(api.url);
    expect(named(samples, 'http_request_duration_seconds_count')).toEqual({
      'http_request_duration_seconds_count{method="GET",route="/notes/:id",status="200"}': 1,
      'http_request_duration_seconds_count{method="GET",route="/notes/:id",status="404"}': 19,
      'http_request_duration_seconds_count{method="GET",route="none",status="404"}': 20,
      'http_request_duration_seconds_count{method="POST",route="/notes",status="201"}': 1,
      'http_request_duration_seconds_count{method="PUT",route="none",status="405"}': 1,
    });
  });

  it('of the last seconds cover requests to features, without client errors', async () => {
    const { api } = await startOnTable();
    for (const path of ['/healthz', '/readyz', '/status', '/metrics', '/openapi.json', '/nothing']) {
      await send(`${api.url}${path}`);
    }
    await send(`${api.url}/notes?limit=0`);
    await send(`${api.url}/notes/999`);
    await send(`${api.url}/notes`);
    await send(`${api.url}/notes/1`);
    const samples = await scrape(api.url);
    expect(named(samples, 'http_request_duration_recent_seconds_count')).toEqual({
      'http_request_duration_recent_seconds_count{method="GET",route="/notes"}': 1,
      'http_request_duration_recent_seconds_count{method="GET",route="/notes/:id"}': 1,
    });
  });
});

it('the pool reports its connections and the waiting requests', async () => {
  const { api, table } = await startOnTable();
  await table.lock();
  const patches = Array.from({ length: POOL_SIZE + 3 }, () =>
    send(`${api.url}/notes/1`, { method: 'PATCH', body: { text: 'changed' } }),
  );
  await lockWaiter(table.url);
  // The queries of /metrics wait behind these.
  let samples: ReadonlyMap<string, number>;
  do samples = await scrape(api.url);
  while ((samples.get('database_pool_waiting') ?? 0) < 3);
  expect(named(samples, 'database_pool_connections')).toEqual({
    'database_pool_connections{state="idle"}': 0,
    'database_pool_connections{state="used"}': POOL_SIZE,
  });
  expect(samples.get('database_pool_connections_max')).toBe(POOL_SIZE);
  await table.unlock();
  for (const { status } of await Promise.all(patches)) expect(status).toBe(200);
});

it('a change reports its stage, active column and backfill progress at every stage', async () => {
  const table = resources.use(await createNotesTable());
  await table.store(ROWS);
  const api = resources.use(await startNotes(table.url));
  for (const [stage, form, column, ratio] of [
    ['initial', 'old', 'priority', undefined],
    ['expanded', 'old', 'priority', undefined],
    ['backfilled', 'old', 'priority', 1],
    ['enforced', 'new', 'priority_new', 1],
    ['contracted', 'new', 'priority_new', undefined],
    ['renamed', 'renamed', 'priority', undefined],
  ] as const) {
    await table.go(stage);
    const active = `column_change_active_column{${CHANGE},form="${form}",column="${column}"}`;
    let samples: ReadonlyMap<string, number>;
    do samples = await scrape(api.url);
    while (samples.get(`column_change_stage{${CHANGE},stage="${stage}"}`) !== 1 || !samples.has(active));
    expect(named(samples, 'column_change_stage')).toEqual(
      Object.fromEntries(
        STAGES.map((each) => [`column_change_stage{${CHANGE},stage="${each}"}`, each === stage ? 1 : 0]),
      ),
    );
    expect(named(samples, 'column_change_active_column')).toEqual({ [active]: 1 });
    expect(samples.get(`column_change_up{${CHANGE}}`)).toBe(1);
    const backfill = (name: string) =>
      samples.get(`column_change_backfill_${name}{${CHANGE},direction="forward"}`);
    expect(['ratio', 'rows_done', 'rows', 'eta_seconds', 'paused'].map(backfill)).toEqual(
      ratio === undefined ? Array.from({ length: 5 }) : [ratio, ROWS, ROWS, 0, 0],
    );
    expect(backfill('rows_per_second') === undefined).toBe(ratio === undefined);
  }
  expect((await scrape(api.url)).get(`column_change_switches_total{${CHANGE}}`)).toBe(2);
});

it('a request that runs again because of a phase is counted', async () => {
  const { api, table } = await startOnTable();
  expect((await send(`${api.url}/notes`)).status).toBe(200);
  expect((await scrape(api.url)).get(`column_change_reresolutions_total{${CHANGE}}`)).toBe(0);
  // Simulates a process that served nothing during the phases.
  await table.client.rows(
    `alter table note drop column priority, add column priority_new bigint not null default 1`,
  );
  expect((await send(`${api.url}/notes`)).status).toBe(200);
  const samples = await scrape(api.url);
  expect(samples.get(`column_change_reresolutions_total{${CHANGE}}`)).toBe(1);
  expect(samples.get(`column_change_switches_total{${CHANGE}}`)).toBe(1);
});

describe('without the database', () => {
  it('the metrics that need it are absent, and the others are present', async () => {
    const api = resources.use(
      await startNotes('postgres://someone@127.0.0.1:9/none', { requestTimeoutMs: 400 }),
    );
    await send(`${api.url}/healthz`);
    const samples = await scrape(api.url);
    expect(samples.get(`column_change_up{${CHANGE}}`)).toBe(0);
    expect(readSamples(samples)).toEqual([]);
    expect(samples.get('database_pool_connections{state="used"}')).toBe(0);
    expect([...samples.keys()]).toContain(
      'http_request_duration_seconds_count{method="GET",route="/healthz",status="200"}',
    );
  });

  it('a silent database receives one query, independent of the number of scrapes, until it answers', async () => {
    const table = resources.use(await createNotesTable());
    const proxy = resources.use(await startHangingProxy(table.url));
    const api = resources.use(await startNotes(proxy.url, NO_POLL));
    expect((await send(`${api.url}/notes`)).status).toBe(200);
    proxy.hang();
    await Promise.all(Array.from({ length: 5 }, () => scrape(api.url)));
    const samples = await scrape(api.url);
    expect(samples.get(`column_change_up{${CHANGE}}`)).toBe(0);
    expect(readSamples(samples)).toEqual([]);
    expect(samples.get('database_pool_connections{state="used"}')).toBe(1);
    expect(samples.get('database_pool_waiting')).toBe(0);
    proxy.goOn();
    while ((await scrape(api.url)).get(`column_change_up{${CHANGE}}`) !== 1);
    expect((await scrape(api.url)).get(`column_change_stage{${CHANGE},stage="initial"}`)).toBe(1);
  });
});
