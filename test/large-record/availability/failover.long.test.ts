import { expect, it } from '@jest/globals';
import { countUntouchedRows, findLostWrites } from '../support/acknowledged-writes.ts';
import { startApiProcess } from '../../support/api-process.ts';
import { connect } from '../../support/database-client.ts';
import { startLoad } from '../support/load.ts';
import { openMigrator } from '../../support/migrator.ts';
import { startOwnServer } from '../../support/own-server.ts';
import { insertRows } from '../../support/seeded-table.ts';
import { send } from '../../support/send.ts';
import { hostOf, type ServerPair, startServerPair } from '../../support/server-pair.ts';
import { startStreamingReplica } from '../../support/streaming-replica.ts';
import { startTestApplication, type TestApplication } from '../../support/test-application.ts';

/** No polls, so that the connection of a request is known. */
const CONFIG = { requestTimeoutMs: 30_000, activeColumnPollMs: 3_600_000 };

const ROWS = 2_000;
const CLIENTS = 4;
const REQUESTS = 100;
const RUN_MS = 120_000;

/** Both servers have the table; its contents identify the answering server. */
async function startBoth(): Promise<ServerPair> {
  await using resources = new AsyncDisposableStack();
  const servers = resources.use(await startServerPair());
  await servers.setReadOnly(servers.standby, 'off');
  for (const server of [servers.primary, servers.standby]) {
    await using migrator = await openMigrator(servers.url(hostOf(server)));
    await migrator.go('0001');
  }
  await servers.setReadOnly(servers.standby, 'on');
  const owned = resources.move();
  return { ...servers, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Creates a record, with retries. Any other error than "try again" is a failure. */
async function create(api: TestApplication, name: string): Promise<void> {
  for (;;) {
    const { status } = await send(`${api.url}/large_records`, { method: 'POST', body: { name } });
    if (status === 201) return;
    expect(status).toBe(503);
  }
}

async function names(api: TestApplication): Promise<string[]> {
  const { status, text } = await send(`${api.url}/list_large`);
  expect(status).toBe(200);
  return JSON.parse(text).records.map(({ name }: { name: string }) => name);
}

it('uses the server that accepts writes, independent of its place in the URL', async () => {
  await using servers = await startBoth();
  const url = servers.url(hostOf(servers.standby), hostOf(servers.primary));
  await using api = await startTestApplication(url, CONFIG);
  await create(api, 'on the primary');
  expect(await names(api)).toEqual(['on the primary']);
});

it('switches to the other server if its own stops, and reads do not fail', async () => {
  await using servers = await startBoth();
  const url = servers.url(hostOf(servers.primary), hostOf(servers.standby));
  await using api = await startTestApplication(url, CONFIG);
  await create(api, 'on the primary');
  await servers.primary[Symbol.asyncDispose]();
  const reading = names(api);
  await servers.setReadOnly(servers.standby, 'off');
  expect(await reading).toEqual([]);
  await create(api, 'on the promoted one');
  expect(await names(api)).toEqual(['on the promoted one']);
});

it('switches to the other server if its own becomes read-only', async () => {
  await using servers = await startBoth();
  const url = servers.url(hostOf(servers.primary), hostOf(servers.standby));
  await using api = await startTestApplication(url, CONFIG);
  await create(api, 'on the primary');
  await servers.setReadOnly(servers.primary, 'on');
  await servers.setReadOnly(servers.standby, 'off');
  await create(api, 'on the promoted one');
  expect(await names(api)).toEqual(['on the promoted one']);
});

it(
  'switches to a standby that is promoted under load: no read fails, and no acknowledged write is lost',
  async () => {
    await using resources = new AsyncDisposableStack();
    const primary = resources.use(await startOwnServer());
    await using migrator = await openMigrator(primary.url());
    await migrator.go('0001');
    await using onPrimary = await connect(primary.url());
    await insertRows(onPrimary, ROWS);
    const standby = resources.use(await startStreamingReplica(primary));
    // A write is then acknowledged only when the standby has it.
    await onPrimary.rows(`alter system set synchronous_standby_names = '*'`);
    await onPrimary.rows(`select pg_reload_conf()`);
    while ((await onPrimary.value(`select max(sync_state) from pg_stat_replication`)) !== 'sync');

    const hosts = [primary.url(), standby.url].map((url) => new URL(url).host);
    const url = primary.url().replace(hosts[0]!, hosts.join());
    await using api = await startApiProcess(url, { REQUEST_TIMEOUT_MS: '60000' });
    await using load = startLoad([api.url], CLIENTS);
    await load.servedMore(REQUESTS);
    await primary[Symbol.asyncDispose]();
    await standby.promote();
    await load.servedMore(REQUESTS);
    await using onPromoted = await openMigrator(standby.url);
    await onPromoted.go('0006');
    await load.servedMore(REQUESTS);
    await load.stop();

    expect(load.failures.filter((failure) => !/^(POST|PATCH|DELETE) .*: 503 /.test(failure))).toEqual([]);
    await using client = await connect(standby.url);
    expect(load.ledger.size).toBeGreaterThan(CLIENTS);
    expect(await findLostWrites(client, load)).toEqual([]);
    expect(await countUntouchedRows(client)).toBe(ROWS);
  },
  RUN_MS,
);
