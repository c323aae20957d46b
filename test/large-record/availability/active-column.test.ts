import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { createMigratedDatabase, openMigrator, type TestMigrator } from '../../support/migrator.ts';
import { send } from '../../support/send.ts';
import { startTestApplication, type TestApplication } from '../../support/test-application.ts';

/** Long enough that polls play no part here. */
const NO_POLL = { activeColumnPollMs: 3_600_000 };

let resources: AsyncDisposableStack;
let url: string;
let client: DatabaseClient;
let migrator: TestMigrator;

beforeEach(async () => {
  resources = new AsyncDisposableStack();
  ({ url } = resources.use(await createMigratedDatabase('0003')));
  client = resources.use(await connect(url));
  migrator = resources.use(await openMigrator(url, { switchoverWaitMs: 100 }));
});
afterEach(() => resources.disposeAsync());

const status = async (api: TestApplication) => JSON.parse((await send(`${api.url}/status`)).text).changes[0];

/** Resolves when the process uses the column. Only this request asks for it. */
async function uses(api: TestApplication, column: string): Promise<void> {
  while ((await status(api)).activeColumn !== column);
}

it('two processes switch over by themselves, without a request for a record, and contract passes', async () => {
  await using first = await startTestApplication(url, NO_POLL);
  await using second = await startTestApplication(url, NO_POLL);
  for (const api of [first, second]) expect((await status(api)).activeColumn).toBe('created_at');
  await migrator.go('0004');
  await Promise.all([uses(first, 'created_at_new'), uses(second, 'created_at_new')]);
  await migrator.go('0006');
  await Promise.all([uses(first, 'created_at'), uses(second, 'created_at')]);
  expect(first.log).toEqual([
    'The active column is created_at_new now.',
    'The active column is created_at now.',
  ]);
});

it('a process that stays on the old column blocks contract, which names it', async () => {
  await using following = await startTestApplication(url, NO_POLL);
  {
    await using staying = await startTestApplication(url, { activeColumn: 'created_at' });
    await migrator.go('0004');
    await uses(following, 'created_at_new');
    expect(await status(staying)).toMatchObject({ stage: 'enforced', activeColumn: 'created_at' });

    // The sync trigger copies each process's writes to the other column.
    const body = { name: 'LargeRecord_1', created_at: '2024-01-01 10:00:00' };
    for (const [writer, reader] of [
      [staying, following],
      [following, staying],
    ] as const) {
      const written = await send(`${writer.url}/large_records`, { method: 'POST', body });
      const read = await send(`${reader.url}${written.headers.get('Location')}`);
      expect(read).toMatchObject({ status: 200, text: written.text });
    }
    expect(await status(staying)).toMatchObject({ activeColumn: 'created_at' });

    await expect(migrator.go('0005')).rejects.toThrow(
      new RegExp(
        `after 0.1 s, these processes still use created_at: \\S+:${process.pid} .*\\(server pid \\d+\\)\\.`,
      ),
    );
    expect(await migrator.applied()).not.toContain('0005');
  }
  await migrator.go('0005');
  expect(await client.value(`select count(*) from large_record where created_at_new is null`)).toBe('0');
});
