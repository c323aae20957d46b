import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { writeControls } from '../../../src/online-migration/state/backfill-controls.ts';
import { readBackfillProgress } from '../../../src/online-migration/backfill/plan/progress.ts';
import { DEFAULT_BACKFILL_SETTINGS } from '../../../src/online-migration/backfill/throttle/settings.ts';
import { namesOf } from '../../../src/online-migration/change/names.ts';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { eventColumn } from '../../support/event-change.ts';
import { createMigratedDatabase, openMigrator } from '../../support/event-project/migrator.ts';
import { insertEvents } from '../../support/event-table.ts';
import { countTo, slowUpdatesDown } from '../../support/slow-updates.ts';
import type { TestMigrator } from '../../support/test-migrator.ts';

const ROWS = 40_000;
const CHANGE = namesOf(eventColumn).change;

let resources: AsyncDisposableStack;
let url: string;
let client: DatabaseClient;

beforeEach(async () => {
  resources = new AsyncDisposableStack();
  const database = resources.use(await createMigratedDatabase('0001'));
  url = database.url;
  client = resources.use(await connect(url));
  await insertEvents(client, ROWS);
  await slowUpdatesDown(client, countTo(100), 'event');
});
afterEach(() => resources.disposeAsync());

async function startBackfill(backfill: Partial<typeof DEFAULT_BACKFILL_SETTINGS> = {}): Promise<{
  migrator: TestMigrator;
  going: Promise<void>;
}> {
  const migrator = resources.use(
    await openMigrator(url, { backfill: { ...DEFAULT_BACKFILL_SETTINGS, ...backfill } }),
  );
  await migrator.go('0002');
  const going = migrator.go('0003');
  while (((await readBackfillProgress(client, eventColumn))?.rowsDone ?? 0) === 0) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { migrator, going };
}

const filled = () => client.value<string>(`select count(*) from event where at_new is not null`);

/** The row's number of updates when nothing has happened for a while: two looks of the watcher. */
async function untilItWaits(reason: RegExp): Promise<void> {
  for (;;) {
    const progress = await readBackfillProgress(client, eventColumn);
    if (progress?.pausedFor && reason.test(progress.pausedFor)) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('a backfill', () => {
  it('pauses and goes on as another session tells it', async () => {
    const { migrator, going } = await startBackfill();
    expect(await writeControls(client, CHANGE, { paused: true })).toBe(true);
    await untilItWaits(/^paused by hand$/);
    // The batch that was under way ends; then nothing is filled any more, from one line of progress to the next.
    let before: string;
    do {
      before = await filled();
      await migrator.logged(/waits: paused by hand/);
    } while ((await filled()) !== before);
    expect(Number(before)).toBeLessThan(ROWS);
    expect(await writeControls(client, CHANGE, { paused: false })).toBe(true);
    await going;
    expect(await filled()).toBe(String(ROWS));
    expect(migrator.log.find((line) => line.includes('rows in'))).toMatch(
      /pauses: [\d.]+ s \(paused by hand\)/,
    );
    // The phases behind it obey it too.
    expect(await writeControls(client, CHANGE, { paused: true })).toBe(true);
    await client.rows(`delete from online_migration.backfill`);
    expect(await writeControls(client, CHANGE, { paused: true })).toBe(false);
  });

  it('takes another duration of batches while it runs', async () => {
    const { going } = await startBackfill();
    await writeControls(client, CHANGE, { batchMs: 1 });
    await going;
    const [row] = await client.rows(`select batch_rows, batch_ms from online_migration.backfill`);
    expect(row).toEqual({ batch_rows: expect.any(Number), batch_ms: 1 });
    expect(row!['batch_rows']).toBeLessThan(500);
  });

  it('makes way while other sessions are at work, and tells it', async () => {
    await using report = await connect(url, 'report');
    await report.rows(`set statement_timeout = '60s'`);
    const reporting = report.rows(`do $$ begin loop perform 1; end loop; end $$`).catch(() => []);
    const { migrator, going } = await startBackfill();
    await going;
    await client.rows(`select pg_cancel_backend(${report.pid})`);
    await reporting;
    expect(await filled()).toBe(String(ROWS));
    expect(migrator.log.find((line) => line.includes('rows in'))).toMatch(
      /; rests [\d.]+ s beside busy sessions; /,
    );
  });

  it('waits while someone holds an old snapshot, and says who', async () => {
    const throttle = { ...DEFAULT_BACKFILL_SETTINGS.throttle, snapshotAgeMs: 50 };
    await using reporter = await connect(url, 'report');
    await reporter.rows('begin isolation level repeatable read');
    await reporter.rows('select 1');
    const migrator = resources.use(
      await openMigrator(url, { backfill: { ...DEFAULT_BACKFILL_SETTINGS, throttle } }),
    );
    await migrator.go('0002');
    const going = migrator.go('0003');
    await untilItWaits(new RegExp(`^pid ${reporter.pid} holds a snapshot for [\\d.]+ s$`));
    expect(Number(await filled())).toBeLessThan(ROWS);
    await reporter.rows('rollback');
    await going;
    expect(await filled()).toBe(String(ROWS));
  });

  it('waits while the API is slow or does not answer', async () => {
    const { createServer } = await import('node:http');
    let p99 = '0.9';
    const server = createServer((_, response) =>
      response.end(`http_request_duration_seconds{route="/",quantile="0.99"} ${p99}\n`),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    resources.defer(() => void server.close());
    const { port } = server.address() as { port: number };
    const throttle = {
      ...DEFAULT_BACKFILL_SETTINGS.throttle,
      apiLatencyUrl: `http://127.0.0.1:${port}/metrics`,
    };
    const migrator = resources.use(
      await openMigrator(url, { backfill: { ...DEFAULT_BACKFILL_SETTINGS, throttle } }),
    );
    await migrator.go('0002');
    const going = migrator.go('0003');
    await untilItWaits(/^the API's p99 is 900 ms$/);
    p99 = '0.01';
    await going;
    expect(await filled()).toBe(String(ROWS));
  });
});
