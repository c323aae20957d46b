import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { createdAtColumn } from '../support/created-at-column.ts';
import { findPresences } from '../../../src/online-migration/follow/presence.ts';
import { countUntouchedRows, findLostWrites } from '../support/acknowledged-writes.ts';
import { type ApiProcess, startApiProcess } from '../../support/api-process.ts';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { startLoad } from '../support/load.ts';
import { createMigratedDatabase, openMigrator, type TestMigrator } from '../../support/migrator.ts';
import { describeWithPgBouncer, type PgBouncer, startPgBouncer } from '../../support/pgbouncer.ts';
import { insertRows } from '../../support/seeded-table.ts';
import { send } from '../../support/send.ts';

const ROWS = 5_000;
const CLIENTS = 6;
/** Fewer than the clients, so that all sessions are shared. */
const SESSIONS = 3;
/** Requests before and after each phase. */
const REQUESTS = 60;
/** Some steps run several phases at once. Requests run during each. */
const WAY = ['0004', '0006', '0001', '0006'];
const RUN_MS = 120_000;

/** Long enough that polls play no part. */
const NO_POLL = '3600000';

async function activeColumn(api: ApiProcess): Promise<string> {
  return JSON.parse((await send(`${api.url}/status`)).text).changes[0].activeColumn;
}

describeWithPgBouncer('behind PgBouncer in transaction mode, the API', () => {
  const resources = new AsyncDisposableStack();
  let url: string;
  let pooler: PgBouncer;
  let client: DatabaseClient;
  let migrator: TestMigrator;

  beforeAll(async () => {
    ({ url } = resources.use(await createMigratedDatabase('0001')));
    pooler = resources.use(await startPgBouncer(url, { mode: 'transaction', sessions: SESSIONS }));
    client = resources.use(await connect(url));
    await insertRows(client, ROWS);
    migrator = resources.use(await openMigrator(url, { switchoverWaitMs: 2_000 }));
  });
  beforeEach(() => migrator.go('0001'));
  afterAll(() => resources.disposeAsync());

  async function expectNoFailureOnTheWay(api: ApiProcess): Promise<void> {
    await using load = startLoad([api.url], CLIENTS);
    for (const migration of WAY) {
      await load.servedMore(REQUESTS);
      await migrator.go(migration);
    }
    await load.servedMore(REQUESTS);
    await load.stop();
    expect(load.failures).toEqual([]);
    expect(load.ledger.size).toBeGreaterThan(CLIENTS);
    expect(await findLostWrites(client, load)).toEqual([]);
    expect(await countUntouchedRows(client)).toBe(ROWS);
  }

  it(
    'fails no request in any phase with DATABASE_DIRECT_URL: it receives each notification, and contract sees it',
    async () => {
      await using api = await startApiProcess(pooler.url, {
        DATABASE_DIRECT_URL: url,
        ACTIVE_COLUMN_POLL_MS: NO_POLL,
      });
      await migrator.go('0004');
      while ((await activeColumn(api)) !== 'created_at_new');
      expect(await findPresences(client, createdAtColumn)).toMatchObject([{ form: 'new' }]);
      await migrator.go('0001');
      await expectNoFailureOnTheWay(api);
      expect(api.output()).not.toContain('pooler');
    },
    RUN_MS,
  );

  it(
    'fails no request in any phase without it, only by running requests again, and logs the missing setting',
    async () => {
      await using api = await startApiProcess(pooler.url, { ACTIVE_COLUMN_POLL_MS: NO_POLL });
      await expectNoFailureOnTheWay(api);
      await api.printed(/cannot declare its column.*Connect to the server itself \(DATABASE_DIRECT_URL/);
      expect(await findPresences(client, createdAtColumn)).toEqual([]);
      // Contract recognises the session by its last statement. After a write, this is `commit`.
      await migrator.go('0004');
      expect((await send(`${api.url}/large_records/1`)).status).toBe(200);
      await migrator.go('0005');
      const told = migrator.log.findLast((line) => line.includes('do not declare their column'));
      expect(told).toMatch(new RegExp(`"online-migration/\\w{8}/pool/\\S+:${api.process.pid}"`));
    },
    RUN_MS,
  );

  it('follows by its poll without it', async () => {
    await using api = await startApiProcess(pooler.url, { ACTIVE_COLUMN_POLL_MS: '20' });
    await migrator.go('0004');
    // Only the poll reads the table.
    while ((await activeColumn(api)) !== 'created_at_new');
    await migrator.go('0003');
    while ((await activeColumn(api)) !== 'created_at');
    // Log lines are buffered, so the last one arrives after its answer.
    await api.printed(/The active column is created_at now/);
    expect(api.output().match(/The active column is \w+ now/g)).toEqual([
      'The active column is created_at_new now',
      'The active column is created_at now',
    ]);
  });

  it('stays on the old column through the pooler, and contract names it', async () => {
    await using api = await startApiProcess(pooler.url, {
      DATABASE_DIRECT_URL: url,
      ACTIVE_COLUMN: 'created_at',
    });
    await migrator.go('0004');
    await expect(migrator.go('0005')).rejects.toThrow(
      new RegExp(`these processes still use created_at: \\S+:${api.process.pid} `),
    );
  });
});
