import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ThrowawayPostgres } from '../../../src/database/throwaway-postgres.ts';
import { findLostWrites } from '../support/acknowledged-writes.ts';
import { type ApiProcess, startApiProcess } from '../../support/api-process.ts';
import { connect } from '../../support/database-client.ts';
import { type Load, startLoad } from '../support/load.ts';
import { openMigrator } from '../../support/migrator.ts';
import { startOwnServer } from '../../support/own-server.ts';
import { insertRows } from '../../support/seeded-table.ts';

const ROWS = 2_000;
const CLIENTS = 6;
/** Requests before and after each outage. */
const REQUESTS = 200;
/** Reads are retried for half of it: far longer than the outage. */
const REQUEST_TIMEOUT_MS = '60000';
const RUN_MS = 120_000;

const resources = new AsyncDisposableStack();
let server: ThrowawayPostgres;
let api: ApiProcess;
let load: Load;

beforeAll(async () => {
  server = resources.use(await startOwnServer());
  {
    await using migrator = await openMigrator(server.url());
    await migrator.go('0001');
    await using client = await connect(server.url());
    await insertRows(client, ROWS);
    await migrator.go('0006');
  }
  api = resources.use(await startApiProcess(server.url(), { REQUEST_TIMEOUT_MS }));
  load = resources.use(startLoad([api.url], CLIENTS));
}, RUN_MS);
afterAll(() => resources.disposeAsync());

/** Ends every other session repeatedly, until some requests have failed. */
async function cutAll(): Promise<void> {
  await using client = await connect(server.url());
  const before = load.failures.length;
  while (load.failures.length < before + 5) {
    await client.rows(`
      select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()`);
  }
}

describe('under load, in a separate process', () => {
  it.each([
    { outage: 'all connections are cut again and again', happens: cutAll },
    { outage: 'the server is restarted', happens: () => server.restart() },
  ])(
    'while $outage: reads succeed, writes succeed or answer 503, and later requests succeed',
    async ({ happens }) => {
      await load.servedMore(REQUESTS);
      const before = load.failures.length;
      await happens();
      // A request in flight may still fail, but no later one.
      await load.servedMore(CLIENTS);
      const during = load.failures.slice(before);
      const after = load.failures.length;
      await load.servedMore(REQUESTS);
      for (const failure of during) {
        expect(failure).toMatch(/^(POST|PATCH|DELETE) .*: 503 .*"The database does not answer at the moment/);
      }
      expect(load.failures.slice(after)).toEqual([]);
      expect(api.process.exitCode).toBeNull();
    },
    RUN_MS,
  );

  it('no acknowledged write is lost or changed, and none was done twice', async () => {
    await load.stop();
    await using client = await connect(server.url());
    expect(await findLostWrites(client, load)).toEqual([]);
    expect(load.ledger.size).toBeGreaterThan(CLIENTS);
    // The client of a 503 does not know whether its record exists. No other record may be unknown.
    const unknown = load.failures.filter((failure) => !failure.startsWith('GET')).length;
    const made = await client.rows<{ id: string }>(`select id from large_record where id > ${ROWS}`);
    const unaccounted = made.filter(({ id }) => !load.ledger.has(Number(id)));
    expect(unaccounted.length).toBeLessThanOrEqual(unknown);
    expect(api.output()).not.toMatch(/unhandled|uncaught/i);
  });
});
