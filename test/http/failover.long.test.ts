import { expect, it } from '@jest/globals';
import { openMigrator } from '../support/migrator.ts';
import { send } from '../support/send.ts';
import { hostOf, type ServerPair, startServerPair } from '../support/server-pair.ts';
import { startTestApplication, type TestApplication } from '../support/test-application.ts';

/** No poll beside the requests: which connection a request gets is known. */
const CONFIG = { requestTimeoutMs: 30_000, activeColumnPollMs: 3_600_000 };

/** Both servers have the table; what is in it tells which one answers. */
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

/** Creates a record, as often as it takes; any other answer than "try again" is a failure. */
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

it('uses the server that takes writes, wherever it stands in the URL', async () => {
  await using servers = await startBoth();
  const url = servers.url(hostOf(servers.standby), hostOf(servers.primary));
  await using api = await startTestApplication(url, CONFIG);
  await create(api, 'on the primary');
  expect(await names(api)).toEqual(['on the primary']);
});

it('goes over to the other server when its own is gone, and reads do not fail', async () => {
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

it('goes over to the other server when its own takes no more writes', async () => {
  await using servers = await startBoth();
  const url = servers.url(hostOf(servers.primary), hostOf(servers.standby));
  await using api = await startTestApplication(url, CONFIG);
  await create(api, 'on the primary');
  await servers.setReadOnly(servers.primary, 'on');
  await servers.setReadOnly(servers.standby, 'off');
  await create(api, 'on the promoted one');
  expect(await names(api)).toEqual(['on the promoted one']);
});
