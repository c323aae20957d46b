import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ThrowawayPostgres } from '../../../src/database/throwaway-postgres.ts';
import { countUntouchedRows, findLostWrites } from '../support/acknowledged-writes.ts';
import { type ApiProcess, startApiProcess } from '../../support/api-process.ts';
import { connect } from '../../support/database-client.ts';
import { type Load, startLoad } from '../support/load.ts';
import { openMigrator, type TestMigrator } from '../../support/migrator.ts';
import { startOwnServer } from '../../support/own-server.ts';
import { SEED, seededRandom } from '../../support/seeded-random.ts';
import { insertRows } from '../../support/seeded-table.ts';

const ROWS = 5_000;
const API_PROCESSES = 3;
const CLIENTS = 4;
/** Requests before and after each failure. */
const REQUESTS = 50;
/** Reads are retried for half of it: far longer than the outage. */
const REQUEST_TIMEOUT_MS = '60000';
/** Rarely longer than a phase, so that most failures occur in its middle. */
const LONGEST_DELAY_MS = 80;
const RUN_MS = 120_000;

const WAY = ['0002', '0003', '0004', '0005', '0006', '0005', '0004', '0003', '0002', '0001'];
/** Errors of a migrator whose server stops or is unavailable. */
const SERVER_IS_AWAY =
  /terminating connection|Connection terminated|ECONNREFUSED|ECONNRESET|not queryable|the database system is (starting up|shutting down)/;
const UNAVAILABLE = /^(POST|PATCH|DELETE) .*: 503 .*"The database does not answer at the moment/;
const PROCESS_IS_GONE = /: (TypeError: fetch failed|Error: (socket hang up|.*ECONN))/;

const resources = new AsyncDisposableStack();
let server: ThrowawayPostgres;
let migrator: TestMigrator;
let load: Load;
const apis: ApiProcess[] = [];
const random = seededRandom(`${SEED} failures`);

beforeAll(async () => {
  server = resources.use(await startOwnServer());
  migrator = resources.use(await openMigrator(server.url()));
  await migrator.go('0001');
  await using client = await connect(server.url());
  await insertRows(client, ROWS);
  for (let n = 0; n < API_PROCESSES; n++) apis.push(await startApi('0'));
  resources.defer(async () => {
    for (const api of apis) await api[Symbol.asyncDispose]();
  });
  load = resources.use(
    startLoad(
      apis.map(({ url }) => url),
      CLIENTS,
    ),
  );
}, RUN_MS);
afterAll(() => resources.disposeAsync());

const startApi = (port: string) => startApiProcess(server.url(), { REQUEST_TIMEOUT_MS, PORT: port });

/** Kills one of the processes with SIGKILL; another one replaces it on the same port. */
async function killApi(): Promise<void> {
  const [victim] = apis.splice(Math.floor(random() * apis.length), 1);
  await victim![Symbol.asyncDispose]();
  apis.push(await startApi(new URL(victim!.url).port));
}

/** Ends every other session. */
async function cutAll(): Promise<void> {
  await using client = await connect(server.url());
  await client.rows(`
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()`);
}

/** Migrates to a stage, with retries while the server is unavailable. Any other error ends it. */
async function goUntilThere(to: string): Promise<void> {
  for (;;) {
    try {
      return await migrator.go(to);
    } catch (error) {
      if (!SERVER_IS_AWAY.test((error as Error).message)) throw error;
    }
  }
}

describe.each([
  { failure: 'kill -9 of an API process', happens: killApi, allowed: PROCESS_IS_GONE },
  { failure: 'a restart of PostgreSQL', happens: () => server.restart(), allowed: UNAVAILABLE },
  { failure: 'a cut of all connections', happens: cutAll, allowed: UNAVAILABLE },
])('$failure, under load, during the phase', ({ happens, allowed }) => {
  it.each(WAY)(
    'to %s: only requests in flight fail',
    async (to) => {
      await load.servedMore(REQUESTS);
      const before = load.failures.length;
      const going = goUntilThere(to);
      await new Promise((resolve) => setTimeout(resolve, random() * LONGEST_DELAY_MS));
      await happens();
      await going;
      // A request in flight may still fail, but no later one.
      await load.servedMore(2 * CLIENTS);
      const during = load.failures.slice(before);
      const after = load.failures.length;
      await load.servedMore(REQUESTS);
      expect(during.filter((failure) => !allowed.test(failure))).toEqual([]);
      expect(load.failures.slice(after)).toEqual([]);
      expect((await migrator.applied()).at(-1)).toBe(to);
    },
    RUN_MS,
  );
});

describe('after all failures', () => {
  it('no acknowledged write is lost or changed, and no unwritten row is changed', async () => {
    await load.stop();
    await migrator.go('0006');
    await using client = await connect(server.url());
    expect(await findLostWrites(client, load)).toEqual([]);
    expect(load.ledger.size).toBeGreaterThan(CLIENTS);
    expect(await countUntouchedRows(client)).toBe(ROWS);
  });
});
