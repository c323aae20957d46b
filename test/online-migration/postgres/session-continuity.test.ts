import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { keepsSessions } from '../../../src/online-migration/postgres/session-continuity.ts';
import { ConnectionLostError } from '../../../src/online-migration/postgres/session.ts';
import { startCuttingProxy } from '../../support/cutting-proxy.ts';
import { connect } from '../../support/database-client.ts';
import { describeWithPgBouncer, startPgBouncer } from '../../support/pgbouncer.ts';
import { createTestDatabase, type TestDatabase } from '../../support/test-server.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(async () => database[Symbol.asyncDispose]());

/** Makes the pooler open so many sessions, which it keeps. */
async function openSessions(url: string, sessions: number): Promise<void> {
  await using resources = new AsyncDisposableStack();
  const clients = [];
  for (let n = 0; n < sessions; n += 1) {
    const client = resources.use(await connect(url));
    await client.rows('begin');
    clients.push(client);
  }
  // One whose client goes away in a transaction is closed.
  for (const client of clients) await client.rows('commit');
}

/** Clients that go on asking until they are stopped. */
function keepAsking(url: string, clients: number): AsyncDisposable {
  const stopping = new AbortController();
  const asking = Promise.all(
    Array.from({ length: clients }, async () => {
      await using client = await connect(url);
      while (!stopping.signal.aborted) await client.rows('select 1');
    }),
  );
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await asking;
    },
  };
}

it('finds sessions kept where nothing is between', async () => {
  expect(await keepsSessions({ connectionString: database.url })).toBe(true);
});

it('says that the connection was lost where the server ends the session before it is asked', async () => {
  await using proxy = await startCuttingProxy(database.url);
  const asking = keepsSessions({ connectionString: proxy.url });
  await expect(asking).rejects.toThrow(ConnectionLostError);
  await expect(asking).rejects.toThrow('terminating connection due to administrator command');
});

describeWithPgBouncer('through PgBouncer', () => {
  it.each([
    { mode: 'session', sessions: 10, open: 0, others: 4, kept: true },
    { mode: 'transaction', sessions: 1, open: 1, others: 0, kept: false },
    { mode: 'transaction', sessions: 10, open: 2, others: 0, kept: false },
    { mode: 'transaction', sessions: 10, open: 10, others: 20, kept: false },
    { mode: 'transaction', sessions: 10, open: 2, others: 0, roundRobin: true, kept: false },
    { mode: 'transaction', sessions: 10, open: 10, others: 20, roundRobin: true, kept: false },
  ] as const)('finds sessions kept or not: %j', async ({ kept, open, others, ...pooling }) => {
    await using pooler = await startPgBouncer(database.url, pooling);
    await openSessions(pooler.url, open);
    await using _others = keepAsking(pooler.url, others);
    expect(await keepsSessions({ connectionString: pooler.url })).toBe(kept);
  });
});
