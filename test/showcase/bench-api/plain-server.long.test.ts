import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startPlainServer } from '../../../src/showcase/bench-api/start-plain-server.ts';
import { ENDPOINTS, measureThroughput } from '../../../src/showcase/bench-api/throughput.ts';
import { startApi } from '../../../src/showcase/harness/api-process.ts';
import { connect } from '../../support/database-client.ts';
import { createMigratedDatabase, openMigrator } from '../../support/migrator.ts';
import { insertRows } from '../../support/seeded-table.ts';

const ROWS = 30;
const RECORD = { name: 'A new one', created_at: '2024-02-29 23:59:59' };

let resources: AsyncDisposableStack;
let url: string;
const { signal } = new AbortController();

beforeEach(async () => {
  resources = new AsyncDisposableStack();
  ({ url } = resources.use(await createMigratedDatabase('0001')));
  await using client = await connect(url);
  await insertRows(client, ROWS);
});
afterEach(() => resources.disposeAsync());

async function answersOf(server: { url: string }): Promise<[string, string]> {
  const list = await fetch(`${server.url}/list_large/?after=3`);
  const created = await fetch(`${server.url}/large_records`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(RECORD),
  });
  expect([list.status, created.status]).toEqual([200, 201]);
  return [await list.text(), await created.text()];
}

const withoutId = (json: string) => json.replace(/"id":\d+/, '"id":0');

describe('the comparison server of bench:api', () => {
  it.each([
    { stage: '0001', column: 'created_at', kind: 'text' },
    { stage: '0004', column: 'created_at_new', kind: 'timestamp' },
    { stage: '0006', column: 'created_at', kind: 'timestamp' },
  ] as const)('answers what the API answers, byte for byte, at $stage', async ({ stage, column, kind }) => {
    {
      await using migrator = await openMigrator(url);
      await migrator.go(stage);
    }
    const plain = resources.use(await startPlainServer(url, column, kind, signal));
    const api = resources.use(await startApi(url, signal));
    const [plainList, plainCreated] = await answersOf(plain);
    const [apiList, apiCreated] = await answersOf(api);
    expect(plainList).toBe(apiList);
    expect(withoutId(plainCreated)).toBe(withoutId(apiCreated));
    for (const endpoint of ENDPOINTS) {
      expect(await measureThroughput(plain.url, endpoint, 1, signal)).toBeGreaterThan(0);
      expect(await measureThroughput(api.url, endpoint, 1, signal)).toBeGreaterThan(0);
    }
  });

  it('is not measured if it fails', async () => {
    const plain = resources.use(await startPlainServer(url, 'no_such_column', 'timestamp', signal));
    expect((await fetch(`${plain.url}${ENDPOINTS[0]!.request.path}`)).status).toBe(500);
    await expect(measureThroughput(plain.url, ENDPOINTS[0]!, 1, signal)).rejects.toThrow(
      /^`GET \/list_large\/` of http:\S+ was answered \d+ times with a failure\.$/,
    );
  });
});
