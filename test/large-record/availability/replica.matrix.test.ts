import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ThrowawayPostgres } from '../../../src/database/throwaway-postgres.ts';
import { findLostWrites } from '../support/acknowledged-writes.ts';
import { startApiProcess } from '../../support/api-process.ts';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { startHangingProxy } from '../../support/hanging-proxy.ts';
import { startLoad } from '../support/load.ts';
import { openMigrator, type TestMigrator } from '../../support/migrator.ts';
import { startOwnServer } from '../../support/own-server.ts';
import { insertRows } from '../../support/seeded-table.ts';
import { type Answer, send } from '../../support/send.ts';
import { startStreamingReplica, type StreamingReplica } from '../../support/streaming-replica.ts';
import { startTestApplication, type TestApplication } from '../../support/test-application.ts';

const ROWS = 2_000;
const CLIENTS = 4;
const REQUESTS = 60;
/** Requests meet each phase twice: before the replica has replayed it, and during the replay. */
const WAY = ['0002', '0003', '0004', '0005', '0006', '0004', '0001'];
const RUN_MS = 120_000;

const USED = /Reads go to the replica\./;
const LEFT = /Reads go to the primary: the replica failed, /;

const resources = new AsyncDisposableStack();
let primary: ThrowawayPostgres;
let replica: StreamingReplica;
let client: DatabaseClient;
let migrator: TestMigrator;

beforeAll(async () => {
  primary = resources.use(await startOwnServer());
  migrator = resources.use(await openMigrator(primary.url()));
  await migrator.go('0001');
  client = resources.use(await connect(primary.url()));
  await insertRows(client, ROWS);
  // Queries that block the replay are cancelled at once.
  replica = resources.use(await startStreamingReplica(primary, { max_standby_streaming_delay: '0' }));
}, RUN_MS);
beforeEach(() => replica.catchUp());
afterAll(() => resources.disposeAsync());

/** The API in the test's process; reads already use the replica. */
async function startApi(databaseReplicaUrl = replica.url): Promise<TestApplication> {
  const api = await startTestApplication(primary.url(), {
    databaseReplicaUrl,
    activeColumnPollMs: 20,
    requestTimeoutMs: 4_000,
  });
  await logged(api, USED);
  return api;
}

/** Resolves when the application has logged this many matching lines. */
async function logged(api: TestApplication, pattern: RegExp, times = 1): Promise<void> {
  while (api.log.filter((line) => pattern.test(line)).length < times) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function nameOf(api: TestApplication, id: number): Promise<string> {
  const { status, text } = await send(`${api.url}/large_records/${id}`);
  expect(status).toBe(200);
  return JSON.parse(text).name;
}

const rename = (api: TestApplication, id: number, name: string): Promise<Answer> =>
  send(`${api.url}/large_records/${id}`, { method: 'PATCH', body: { name } });

describe('with a replica, the API', () => {
  it('reads from the replica and writes to the primary; a record missing on the replica is read from the primary', async () => {
    await using api = await startApi();
    await replica.pause();
    expect(await rename(api, 1, 'changed')).toMatchObject({ status: 200 });
    expect(await nameOf(api, 1)).toBe('LargeRecord_1');
    const made = await send(`${api.url}/large_records`, { method: 'POST', body: { name: 'made' } });
    const found = await send(`${api.url}${made.headers.get('Location')}`);
    expect(found).toMatchObject({ status: 200, text: made.text });
    await replica.resume();
    while ((await nameOf(api, 1)) !== 'changed');
    expect(api.log).toEqual(['Reads go to the replica.']);
  });

  it(
    'fails no request in any phase, while the schema of the replica lags behind and during the replay',
    async () => {
      await using api = await startApiProcess(primary.url(), { DATABASE_REPLICA_URL: replica.url });
      await api.printed(USED);
      await using load = startLoad([api.url], CLIENTS, 'late');
      for (const phase of WAY) {
        await replica.pause();
        await migrator.go(phase);
        await load.servedMore(REQUESTS);
        await replica.resume();
        await load.servedMore(REQUESTS);
      }
      await load.stop();
      expect(load.failures).toEqual([]);
      expect(load.ledger.size).toBeGreaterThan(CLIENTS);
      expect(await findLostWrites(client, load)).toEqual([]);
      // Only the replay of a phase may block reads.
      const reasons = api.output().match(new RegExp(`${LEFT.source}.*`, 'g')) ?? [];
      expect(reasons.filter((reason) => !reason.includes('conflict with recovery'))).toEqual([]);
    },
    RUN_MS,
  );

  it('reads from the primary while the replica is unavailable, even at the start, and later from the replica again', async () => {
    await using api = await startApi();
    await replica.stop();
    expect(await rename(api, 2, 'changed')).toMatchObject({ status: 200 });
    expect(await nameOf(api, 2)).toBe('changed');
    await using late = await startTestApplication(primary.url(), {
      databaseReplicaUrl: replica.url,
      activeColumnPollMs: 20,
    });
    expect(await nameOf(late, 2)).toBe('changed');
    expect(late.log).toEqual([]);
    await replica.start();
    await Promise.all([logged(api, USED, 2), logged(late, USED)]);
    await replica.catchUp();
    await replica.pause();
    expect(await rename(api, 2, 'changed again')).toMatchObject({ status: 200 });
    for (const reader of [api, late]) expect(await nameOf(reader, 2)).toBe('changed');
    await replica.resume();
    expect(api.log).toEqual([
      expect.stringMatching(USED),
      expect.stringMatching(LEFT),
      expect.stringMatching(USED),
    ]);
  });

  it('reads from the primary in time while the replica hangs', async () => {
    await using proxy = await startHangingProxy(replica.url);
    await using api = await startApi(proxy.url);
    proxy.hang();
    expect(await rename(api, 3, 'changed')).toMatchObject({ status: 200 });
    expect(await nameOf(api, 3)).toBe('changed');
    proxy.goOn();
    await logged(api, USED, 2);
  });

  it('uses only the primary while the replica has no table', async () => {
    await migrator.go('0001');
    await client.rows('alter table large_record rename to away');
    await replica.catchUp();
    await using api = await startTestApplication(primary.url(), {
      databaseReplicaUrl: replica.url,
      activeColumnPollMs: 20,
    });
    await replica.pause();
    await client.rows('alter table away rename to large_record');
    expect(await nameOf(api, 1)).toBe('changed');
    expect(api.log).toEqual([]);
    await replica.resume();
    await logged(api, USED);
  });
});
