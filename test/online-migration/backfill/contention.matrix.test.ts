import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { createMigratedDatabase, openMigrator } from '../../support/event-project/migrator.ts';
import { insertEvents } from '../../support/event-table.ts';
import { countTo, slowUpdatesDown } from '../../support/slow-updates.ts';
import type { TestMigrator } from '../../support/test-migrator.ts';

const ROWS = 20_000;
const WRITERS = 4;
/** Rows of one transaction of the application, from the end of the table to its beginning. */
const ROWS_OF_A_TRANSACTION = 8;

const resources = new AsyncDisposableStack();
let url: string;
let client: DatabaseClient;
let migrator: TestMigrator;

beforeAll(async () => {
  const database = resources.use(await createMigratedDatabase('0001'));
  url = database.url;
  client = resources.use(await connect(url));
  await insertEvents(client, ROWS);
  migrator = resources.use(await openMigrator(url));
  // A dear row makes each batch last, so that the application's transactions meet it in the middle.
  await slowUpdatesDown(client, countTo(100), 'event');
  await migrator.go('0002');
});
afterAll(() => resources.disposeAsync());

/** Locks rows against the order of the backfill, again and again; returns how many transactions went through. */
async function writeBackwards(writer: DatabaseClient, firstId: number, stop: AbortSignal): Promise<number> {
  let transactions = 0;
  while (!stop.aborted) {
    await writer.rows('begin');
    for (let n = ROWS_OF_A_TRANSACTION; n > 0; n--) {
      const id = ((firstId + transactions * 37 + n * Math.floor(ROWS / ROWS_OF_A_TRANSACTION)) % ROWS) + 1;
      await writer.rows(`update event set name = name where id = $1`, [id]);
    }
    await writer.rows('commit');
    transactions++;
  }
  return transactions;
}

describe('a backfill beside transactions that lock rows in the opposite order', () => {
  it('never makes one of them the victim of a deadlock, and fills every row', async () => {
    const stopping = new AbortController();
    const writers = await Promise.all(
      Array.from({ length: WRITERS }, async (_, n) => resources.use(await connect(url, `writer ${n}`))),
    );
    // Writers that begin at the same row lock in the same order, so they can't deadlock among themselves.
    const writing = writers.map((writer) => writeBackwards(writer, 0, stopping.signal));
    const outcome = Promise.allSettled(writing);
    await migrator.go('0003');
    stopping.abort();
    const results = await outcome;
    expect(results.filter(({ status }) => status === 'rejected')).toEqual([]);
    expect(results.every((result) => result.status === 'fulfilled' && result.value > 0)).toBe(true);
    const deadlocks = await client.value<string>(
      `select deadlocks from pg_stat_database where datname = current_database()`,
    );
    expect(deadlocks).toBe('0');
    expect(await client.value(`select count(*) from event where at_new is null`)).toBe('0');
  });

  it('passes by a row that someone holds, and comes back for it', async () => {
    await migrator.go('0001');
    await migrator.go('0002');
    await using holder = await connect(url, 'holder');
    await holder.rows('begin');
    await holder.rows(`select from event where id in (1, 777) for update`);
    const going = migrator.go('0003');
    const onlyHeldAreLeft = async () =>
      (await client.value<string>(`select count(*) from event where at_new is null`)) === '2';
    while (!(await onlyHeldAreLeft())) await new Promise((resolve) => setImmediate(resolve));
    expect(await migrator.applied()).not.toContain('0003');
    await holder.rows('rollback');
    await going;
    expect(await client.value(`select count(*) from event where at_new is null`)).toBe('0');
  });
});

describe('a backfill whose table someone locks', () => {
  it('waits, as long as it takes, and goes on', async () => {
    await migrator.go('0001');
    await migrator.go('0002');
    await using holder = await connect(url, 'holder');
    await holder.rows('begin');
    await holder.rows(`lock table event in share mode`);
    const going = migrator.go('0003');
    const tries = () =>
      client.value<string>(`
        select xact_rollback from pg_stat_database where datname = current_database()`);
    const before = Number(await tries());
    while (Number(await tries()) < before + 4) await new Promise((resolve) => setImmediate(resolve));
    await holder.rows('rollback');
    await going;
    expect(await client.value(`select count(*) from event where at_new is null`)).toBe('0');
  });
});

describe('a backfill whose batch the server ends in favour of another transaction', () => {
  it.each(['40P01', '40001'])('goes on after %s', async (code) => {
    await migrator.go('0001');
    await client.rows(`create sequence tries`);
    // A sequence keeps its count, even if the batch is rolled back.
    await client.rows(`
      create function lose() returns boolean language plpgsql as $$
      begin
        if nextval('tries') <= 3 then raise exception using errcode = '${code}'; end if;
        return true;
      end $$`);
    await client.rows(`alter table event add constraint lose check (lose()) not valid`);
    await migrator.go('0002');
    await migrator.go('0003');
    expect(await client.value(`select last_value > 3 from tries`)).toBe(true);
    expect(await client.value(`select count(*) from event where at_new is null`)).toBe('0');
    await client.rows(`drop function lose cascade`);
    await client.rows(`drop sequence tries`);
  });
});
