import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { readApiP99 } from '../../../src/online-migration/backfill/throttle/api-latency.ts';
import { readBackfillProgress } from '../../../src/online-migration/backfill/plan/progress.ts';
import { DEFAULT_BACKFILL_SETTINGS } from '../../../src/online-migration/backfill/throttle/settings.ts';
import { lockWaiter } from '../../support/lock-waits.ts';
import { priorityColumn } from '../../support/notes/note-change.ts';
import { startNotes } from '../../support/notes/notes-application.ts';
import { createNotesTable, type NotesTable } from '../../support/notes/notes-table.ts';
import { send } from '../../support/send.ts';
import type { TestApplication } from '../../support/test-application.ts';

const ROWS = 2_000;
/** Shortest delay of a slow request, in milliseconds. */
const SLOW_MS = 300;
/** Longer than the window of the recent durations, in milliseconds. */
const WINDOW_MS = 30_000;

let resources: AsyncDisposableStack;
let table: NotesTable;
let api: TestApplication;

beforeEach(async () => {
  resources = new AsyncDisposableStack();
  table = resources.use(await createNotesTable());
  await table.store(ROWS);
  api = resources.use(await startNotes(table.url));
});
afterEach(async () => {
  jest.restoreAllMocks();
  await resources.disposeAsync();
});

/** Sends a request that is slow because another session has locked its row. */
async function sendSlowly(): Promise<void> {
  await table.lock();
  const patch = send(`${api.url}/notes/1`, { method: 'PATCH', body: { text: 'changed' } });
  await lockWaiter(table.url);
  await delay(SLOW_MS);
  await table.unlock();
  expect((await patch).status).toBe(200);
}

it('the backfill reads the p99 of the requests to features from /metrics', async () => {
  const read = () => readApiP99(`${api.url}/metrics`);
  expect(await read()).toBe(0);
  await send(`${api.url}/notes`);
  const before = await read();
  expect(before).toBeGreaterThan(0);
  await sendSlowly();
  const after = await read();
  expect(after).toBeGreaterThanOrEqual(SLOW_MS);
  expect(after).toBeLessThan(Number.POSITIVE_INFINITY);
  // Time passes until the window is empty.
  const now = performance.now();
  jest.spyOn(performance, 'now').mockImplementation(() => now + WINDOW_MS);
  expect(await read()).toBe(0);
});

it('a backfill pauses while the API is slow, and resumes afterwards', async () => {
  await sendSlowly();
  const throttle = {
    ...DEFAULT_BACKFILL_SETTINGS.throttle,
    apiP99Ms: SLOW_MS / 2,
    apiLatencyUrl: `${api.url}/metrics`,
  };
  await table.go('expanded');
  const backfill = table.go('backfilled', { backfill: { ...DEFAULT_BACKFILL_SETTINGS, throttle } });
  let pausedFor: string | null | undefined;
  do pausedFor = (await readBackfillProgress(table.client, priorityColumn))?.pausedFor;
  while (!pausedFor);
  const [, p99Ms] = /^the API's p99 is (\d+) ms$/.exec(pausedFor)!;
  expect(Number(p99Ms)).toBeGreaterThanOrEqual(SLOW_MS);
  const now = performance.now();
  jest.spyOn(performance, 'now').mockImplementation(() => now + WINDOW_MS);
  await backfill;
  expect(await table.client.value(`select count(*) from note where priority_new is null`)).toBe('0');
});
