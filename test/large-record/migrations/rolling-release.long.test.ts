import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findLostWrites } from '../support/acknowledged-writes.ts';
import { type ApiProcess, startApiProcess } from '../../support/api-process.ts';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { startLoad } from '../support/load.ts';
import { createMigratedDatabase, openMigrator, type TestMigrator } from '../../support/migrator.ts';
import { insertRows } from '../../support/seeded-table.ts';
import { send } from '../../support/send.ts';

const ROWS = 5_000;
const CLIENTS = 4;
/** Requests before and after an event under load. */
const REQUESTS = 100;
const RUN_MS = 120_000;

const ONE_FORM = 'test/large-record/support/generations/one-form.ts';

const resources = new AsyncDisposableStack();
let url: string;
let client: DatabaseClient;
let migrator: TestMigrator;
let textOnly: ApiProcess;
let both: ApiProcess;

/**
 * Generations of the application: before the change, with the package, and after the change. See docs/how-it-works.md for the versions that are compatible with each stage.
 */
const start = {
  textOnly: () => startApiProcess(url, { FORM: 'old' }, ONE_FORM),
  both: (env = {}) => startApiProcess(url, env),
  withoutPackage: () => startApiProcess(url, { FORM: 'renamed' }, ONE_FORM),
};

beforeAll(async () => {
  ({ url } = resources.use(await createMigratedDatabase('0001')));
  client = resources.use(await connect(url));
  await insertRows(client, ROWS);
  migrator = resources.use(await openMigrator(url, { switchoverWaitMs: 2_000 }));
});
afterAll(() => resources.disposeAsync());

/** Serves one table with these generations during an event. Each reads and changes the other generations' records. */
async function expectServed(
  generations: readonly ApiProcess[],
  happens: () => Promise<unknown> = async () => undefined,
): Promise<void> {
  await using load = startLoad(
    generations.map((api) => api.url),
    CLIENTS,
  );
  await load.servedMore(REQUESTS);
  await happens();
  await load.servedMore(REQUESTS);
  await load.stop();
  expect(load.failures).toEqual([]);
  expect(load.ledger.size).toBeGreaterThan(CLIENTS);
  expect(await findLostWrites(client, load)).toEqual([]);
}

/** Expects every read and write of a record to fail, and nothing to be written. */
async function expectFailing(api: ApiProcess): Promise<void> {
  const count = () => client.value<string>(`select count(*) from large_record`);
  const before = await count();
  const answers = [
    await send(`${api.url}/large_records/1`),
    await send(`${api.url}/list_large/`),
    await send(`${api.url}/large_records`, {
      method: 'POST',
      body: { name: 'never', created_at: '2024-01-01 10:00:00' },
    }),
    await send(`${api.url}/large_records/1`, { method: 'PATCH', body: { name: 'never' } }),
  ];
  expect(answers.map(({ status }) => status)).toEqual([500, 500, 500, 500]);
  expect(await client.value(`select count(*) from large_record where name = 'never'`)).toBe('0');
  expect(await count()).toBe(before);
}

describe('a rolling release', () => {
  it(
    'initial, expanded, backfilled: text only and both, while 0002 and 0003 run',
    async () => {
      textOnly = resources.use(await start.textOnly());
      await expectServed([textOnly]);
      both = resources.use(await start.both());
      for (const phase of ['0002', '0003']) {
        await expectServed([textOnly, both], () => migrator.go(phase));
      }
      expect(await client.value(`select count(*) from large_record where created_at_new is null`)).toBe('0');
    },
    RUN_MS,
  );

  it(
    'enforced: text only and both, together with one that stays on the old column, which blocks 0005',
    async () => {
      await using staying = await start.both({ ACTIVE_COLUMN: 'created_at' });
      await expectServed([textOnly, both, staying], () => migrator.go('0004'));
      await expectServed([textOnly, both, staying], async () => {
        await expect(migrator.go('0005')).rejects.toThrow(
          new RegExp(
            `these processes still use created_at: \\S+:${staying.process.pid} .*\\(server pid \\d+\\)\\.`,
          ),
        );
      });
      expect(await migrator.applied()).not.toContain('0005');
    },
    RUN_MS,
  );

  it(
    'contracted, renamed: both, while 0005 and 0006 run; text only fails',
    async () => {
      const linesBefore = migrator.log.length;
      await expectServed([both], async () => {
        // Contract recognises the session by its last statement. After a write, this is `commit`.
        expect((await send(`${textOnly.url}/large_records/1`)).status).toBe(200);
        await migrator.go('0005');
      });
      expect(migrator.log.slice(linesBefore).join('\n')).toContain('"records of the old form"');
      await expectFailing(textOnly);
      await expectServed([both], () => migrator.go('0006'));
      await expectFailing(textOnly);
    },
    RUN_MS,
  );

  it(
    'renamed: and one without the package',
    async () => {
      await using last = await start.withoutPackage();
      await expectServed([both, last]);
    },
    RUN_MS,
  );

  it(
    'and reverted: to enforced with both, then text only again',
    async () => {
      await expectServed([both], () => migrator.go('0004'));
      await expectServed([textOnly, both]);
      await expectServed([textOnly, both], () => migrator.go('0001'));
      expect(await client.value(`select count(*) from large_record where name like 'LargeRecord_%'`)).toBe(
        String(ROWS),
      );
    },
    RUN_MS,
  );
});
