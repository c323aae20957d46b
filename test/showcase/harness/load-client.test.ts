import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { ApiClient } from '../../../src/showcase/harness/api-client.ts';
import { Choices } from '../../../src/showcase/harness/choices.ts';
import { Ledger } from '../../../src/showcase/harness/ledger.ts';
import { checkLedger } from '../../../src/showcase/harness/ledger-check.ts';
import { connect } from '../../../src/showcase/harness/connection.ts';
import { LoadClient } from '../../../src/showcase/harness/load-client.ts';
import { seedLargeRecords } from '../../../src/large-record/seeding.ts';
import { createLargeRecordTable } from '../../large-record/support/large-record-table.ts';
import { startTestApplication } from '../../support/test-application.ts';

/** Enough for every kind of request to occur. */
const REQUESTS = 100;
const SEEDED_ROWS = 8;

/** A server that gives the same answer to every request. */
async function startServer(
  answer: (response: ServerResponse) => void,
): Promise<AsyncDisposable & { url: string }> {
  const server = createServer((_request, response) => answer(response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Sends many requests; returns the faults, empty for correct answers. */
async function makeRequests(url: string, ledger: Ledger, clients = 1): Promise<string[]> {
  const faults: string[] = [];
  for (let index = 0; index < clients; index += 1) {
    using api = new ApiClient(url);
    const client = new LoadClient(api, new Choices(`test ${index}`), ledger, index, clients);
    for (let count = 0; count < REQUESTS; count += 1) {
      await client.request().then(
        () => faults.push(''),
        (error: Error) => faults.push(error.message),
      );
    }
  }
  return faults;
}

describe('LoadClient', () => {
  it.each([SEEDED_ROWS, 1])(
    'finds no fault with the API on %s seeded rows, and fills the ledger',
    async (rows) => {
      await using table = await createLargeRecordTable('renamed');
      const signal = new AbortController().signal;
      await seedLargeRecords(table.url, { rows, append: false, signal, report: () => {} });
      await using application = await startTestApplication(table.url);
      const ledger = new Ledger(rows);
      const faults = await makeRequests(application.url, ledger, 3);
      expect(new Set(faults)).toEqual(new Set(['']));
      await using connection = await connect(table.url);
      expect(await checkLedger(connection, ledger, 'created_at')).toMatchObject({
        missing: 0,
        different: 0,
        unexpected: 0,
      });
      expect(ledger.acknowledged).toBeGreaterThan(REQUESTS / 2);
      expect(ledger.written.some(({ id }) => id > rows)).toBe(true);
    },
  );

  it('finds fault with a record that another client has changed', async () => {
    await using table = await createLargeRecordTable('renamed');
    const signal = new AbortController().signal;
    await seedLargeRecords(table.url, { rows: SEEDED_ROWS, append: false, signal, report: () => {} });
    await table.client.query(`update large_record set created_at = created_at + interval '1 hour'`);
    await using application = await startTestApplication(table.url);
    const faults = await makeRequests(application.url, new Ledger(SEEDED_ROWS));
    expect(faults).toContainEqual(
      expect.stringMatching(/^GET \/large_records\/\d was answered 200 \{"id":\d,"name":"LargeRecord_\d",/),
    );
  });

  it.each([
    ['a refusal', 503, '{"title":"Service Unavailable"}'],
    ['no JSON', 200, 'OK'],
    ['a record without its moment', 200, '{"id":1,"name":"LargeRecord_1"}'],
    ['a moment in another form', 200, '{"id":1,"name":"LargeRecord_1","created_at":"2024-01-01T10:00:00Z"}'],
    ['another record', 200, '{"id":99,"name":"LargeRecord_99","created_at":"2024-01-01 10:01:38"}'],
    [
      'right but for its status',
      203,
      '{"records":[{"id":9,"name":"x","created_at":"2024-01-01 10:00:00"}],"count":1}',
    ],
    ['an empty list', 200, '{"records":[],"count":0}'],
    ['a wrong count', 200, '{"records":[{"id":9,"name":"x","created_at":"2024-01-01 10:00:00"}],"count":2}'],
  ])('finds fault with every answer that is %s', async (_what, status, body) => {
    await using server = await startServer((response) => response.writeHead(status).end(body));
    const ledger = new Ledger(SEEDED_ROWS);
    const faults = await makeRequests(server.url, ledger);
    for (const fault of faults) {
      expect(fault).toMatch(/^(GET|POST|PATCH) \/\S+ was answered \d{3} ./);
    }
    expect(ledger.acknowledged).toBe(0);
    expect(ledger.doubtful.length).toBeGreaterThan(0);
  });

  it('finds fault with a connection that is cut', async () => {
    await using server = await startServer((response) => response.destroy());
    const faults = await makeRequests(server.url, new Ledger(SEEDED_ROWS));
    for (const fault of faults) expect(fault).toMatch(/^(GET|POST|PATCH) \/\S+: socket hang up$/);
  });

  it('finds fault with an answer that is cut', async () => {
    await using server = await startServer((response) => {
      response.writeHead(200, { 'Content-Length': '1000' }).write('{', () => response.destroy());
    });
    const faults = await makeRequests(server.url, new Ledger(SEEDED_ROWS));
    for (const fault of faults) expect(fault).toMatch(/^(GET|POST|PATCH) \/\S+: aborted$/);
  });
});
