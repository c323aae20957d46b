import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { PATIENCE_MS } from '../../../src/showcase/harness/api-client.ts';
import { Ledger } from '../../../src/showcase/harness/ledger.ts';
import { checkLedger } from '../../../src/showcase/harness/ledger-check.ts';
import { connect } from '../../../src/showcase/harness/connection.ts';
import { OpenLoad } from '../../../src/showcase/harness/open-load.ts';
import { seedLargeRecords } from '../../../src/large-record/seeding.ts';
import { createLargeRecordTable } from '../../large-record/support/large-record-table.ts';
import { startTestApplication } from '../../support/test-application.ts';

const SEED = 7;
const SEEDED_ROWS = 50;
const POLL_MS = 10;

function refuse(response: ServerResponse): void {
  response.writeHead(503).end();
}

/** A server that answers nothing until it is released, and then everything with 503. */
async function startStalledServer() {
  const held: ServerResponse[] = [];
  let isStalled = true;
  const server = createServer((_request, response) => {
    if (isStalled) held.push(response);
    else refuse(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    held,
    goOn() {
      isStalled = false;
      for (const response of held) refuse(response);
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

describe('OpenLoad', () => {
  it('finds no fault with the API, and fills the ledger', async () => {
    await using table = await createLargeRecordTable('renamed');
    const { signal } = new AbortController();
    await seedLargeRecords(table.url, { rows: SEEDED_ROWS, append: false, signal, report: () => {} });
    await using application = await startTestApplication(table.url);
    const ledger = new Ledger(SEEDED_ROWS);
    await using load = new OpenLoad(application.url, ledger, SEED, {
      requestsPerSecond: 100,
      connections: 4,
      patienceMs: PATIENCE_MS,
    });
    while (ledger.acknowledged < 50) await delay(POLL_MS);
    const tally = await load.stop();
    expect(tally.failures).toEqual([]);
    expect(tally.summary().requests).toBeGreaterThan(50);
    await using connection = await connect(table.url);
    expect(await checkLedger(connection, ledger, 'created_at')).toEqual({
      acknowledged: ledger.acknowledged,
      missing: 0,
      different: 0,
      unexpected: 0,
    });
  });

  it('continues while the API stalls, and counts the wait of unsent requests', async () => {
    await using server = await startStalledServer();
    const rate = { requestsPerSecond: 200, connections: 2, patienceMs: PATIENCE_MS };
    const began = performance.now();
    await using load = new OpenLoad(server.url, new Ledger(SEEDED_ROWS), SEED, rate);
    while (server.held.length < rate.connections) await delay(POLL_MS);
    await delay(500);
    const stalledMs = performance.now() - began;
    const settled = load.nextTally();
    server.goOn();
    const summary = (await settled).summary();
    // One for each 5 ms of the stall, although at most two were ever in flight.
    const due = (stalledMs / 1000) * rate.requestsPerSecond;
    expect(summary.requests).toBeGreaterThan(due / 2);
    expect(summary.requests).toBeLessThan(due * 1.1 + 1);
    // Their due times are spread evenly over the stall, so half of them waited for at least half of it.
    expect(summary.p50Ms).toBeGreaterThan(stalledMs / 3);
    expect(summary.maxMs).toBeGreaterThan(stalledMs * 0.9);
    expect(summary.failed).toBe(summary.requests);
    await load.stop();
  });

  it('gives up requests that have waited too long, sent or unsent', async () => {
    await using server = await startStalledServer();
    const rate = { requestsPerSecond: 50, connections: 1, patienceMs: 300 };
    await using load = new OpenLoad(server.url, new Ledger(SEEDED_ROWS), SEED, rate);
    // The first one is sent and not answered. While the second also waits for an answer, the others become too old.
    while (server.held.length < 3) await delay(POLL_MS);
    const tally = await load.stop();
    expect(tally.summary().failed).toBe(tally.summary().requests);
    expect(tally.failures).toContainEqual(expect.stringMatching(/^\w+ \/\S+: no whole answer within 0.3 s$/));
    expect(tally.failures).toContainEqual('A request could not be sent within 0.3 s of its due time.');
  });
});
