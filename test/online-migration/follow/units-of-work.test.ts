import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { MikroORM } from '@mikro-orm/postgresql';
import { ActiveColumnFollower } from '../../../src/online-migration/follow/active-column-follower.ts';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { eventColumn } from '../../support/event-change.ts';
import { createMigratedDatabase, openMigrator } from '../../support/event-project/migrator.ts';
import { insertEvents } from '../../support/event-table.ts';
import type { TestMigrator } from '../../support/test-migrator.ts';

const ROWS = 3;

let resources: AsyncDisposableStack;
let client: DatabaseClient;
let migrator: TestMigrator;
let em: MikroORM['em'];
let follower: ActiveColumnFollower;
/** The columns that units of work used, one for each time that one began. */
let begun: string[];

beforeEach(async () => {
  resources = new AsyncDisposableStack();
  const { url } = resources.use(await createMigratedDatabase('0001'));
  client = resources.use(await connect(url));
  await insertEvents(client, ROWS);
  await client.rows(`create table audit (note text)`);
  migrator = resources.use(await openMigrator(url));
  await migrator.go('0005');
  ({ em } = resources.use(await openMigrator(url)).orm);
  follower = new ActiveColumnFollower(eventColumn, await em.getConnection().getNativeClient());
  begun = [];
});
afterEach(() => resources.disposeAsync());

/** Runs a unit of work, and notes each column that it begins on. */
async function request<Answer>(unit: (column: string) => Promise<Answer>): Promise<Answer> {
  return follower.run(async ({ name }) => {
    begun.push(name);
    return unit(name);
  });
}

const onFirstRun = async (happens: () => Promise<void>) => {
  if (begun.length === 1) await happens();
};

it('a rename between two reads of one request: it is answered by the second run alone', async () => {
  const answer = await request(async (column) => {
    const [first] = await em.execute(`select '${column}' as column, max(${column}) as moment from event`);
    await onFirstRun(() => migrator.go('0006'));
    const rows = await em.execute(`select id from event where ${column} <= ?`, [first!.moment]);
    return { column: first!.column, rows: rows.length };
  });
  expect(begun).toEqual(['at_new', 'at']);
  expect(answer).toEqual({ column: 'at', rows: ROWS });
});

it('a rename in a transaction that has written elsewhere: that is rolled back, and all is done once', async () => {
  const answer = await request((column) =>
    em.fork().transactional(async (tx) => {
      await tx.execute(`insert into audit values ('all moments are one second later')`);
      await onFirstRun(() => migrator.go('0006'));
      await tx.execute(`update event set ${column} = ${column} + interval '1 second'`);
      return { done: true };
    }),
  );
  expect(begun).toEqual(['at_new', 'at']);
  expect(answer).toEqual({ done: true });
  expect(await client.value(`select count(*) from audit`)).toBe('1');
  expect(
    await client.value(`
      select count(*) from event
      where at = timestamptz '2024-01-01 10:00:00+00' + id * interval '1 second'`),
  ).toBe(String(ROWS));
});

it('a rename that meets a transaction on the table waits for it, and no run is lost', async () => {
  let renaming: Promise<void> | undefined;
  const answer = await request((column) =>
    em.fork().transactional(async (tx) => {
      await tx.execute(`update event set name = 'changed' where id = 1`);
      const waits = migrator.logged(/rename: no lock on .* within 100 ms/);
      renaming = migrator.go('0006');
      await waits;
      const rows = await tx.execute(`select ${column} from event`);
      return { rows: rows.length };
    }),
  );
  await renaming;
  expect(begun).toEqual(['at_new']);
  expect(answer).toEqual({ rows: ROWS });
  expect(await client.value(`select name from event where id = 1`)).toBe('changed');
  expect(await migrator.applied()).toContain('0006');
});
