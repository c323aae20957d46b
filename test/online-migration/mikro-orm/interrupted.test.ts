import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { startMikroOrm } from '../../support/event-project/commands.ts';
import { createMigratedDatabase, openMigrator } from '../../support/event-project/migrator.ts';
import { insertEvents } from '../../support/event-table.ts';
import { lockWaiter } from '../../support/lock-waits.ts';

const ENFORCE = ['migration:up', '--to', '0004'] as const;

let resources: AsyncDisposableStack;
let url: string;
let client: DatabaseClient;

beforeEach(async () => {
  resources = new AsyncDisposableStack();
  const database = resources.use(await createMigratedDatabase('0001'));
  url = database.url;
  client = resources.use(await connect(url));
  await insertEvents(client, 100);
  await client.query(`create index by_moment on event (at)`);
  await using migrator = await openMigrator(url);
  await migrator.go('0003');
});
afterEach(() => resources.disposeAsync());

const mirrors = () =>
  client.rows<{ valid: boolean }>(`
    select indisvalid as valid from pg_index
    where indrelid = 'event'::regclass and indexrelid::regclass::text like '%by_moment_mirror%'`);

/** The index of the new column waits for a transaction that has written to the table. */
async function whileIndexWaits(signal: NodeJS.Signals): Promise<string> {
  await client.query('begin');
  await client.query(`update event set name = name where id = (select min(id) from event)`);
  const enforcing = startMikroOrm(url, ENFORCE);
  await lockWaiter(url);
  enforcing.process.kill(signal);
  expect(await enforcing.exitCode).toBe(1);
  await client.query('commit');
  return enforcing.output();
}

describe.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  '%s while an index is made concurrently',
  (signal) => {
    it('cancels it at once, says so, and the next run makes the index anew', async () => {
      const output = await whileIndexWaits(signal);
      expect(output).toContain(
        `${signal}: stops after the transaction that runs; a statement that reads a whole`,
      );
      expect(output).toMatch(
        /Cancels the statement that runs: create index concurrently .*by_moment_mirror/i,
      );
      expect(output).toContain('The same command continues from here');
      expect(await mirrors()).toEqual([{ valid: false }]);

      const again = startMikroOrm(url, ENFORCE);
      expect(await again.exitCode).toBe(0);
      expect(await mirrors()).toEqual([{ valid: true }]);
    });
  },
);
