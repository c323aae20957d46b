import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ThrowawayPostgres } from '../../../src/database/throwaway-postgres.ts';
import { writeControls } from '../../../src/online-migration/state/backfill-controls.ts';
import { namesOf } from '../../../src/online-migration/change/names.ts';
import { backfill } from '../../../src/online-migration/phases/backfill.ts';
import { expand } from '../../../src/online-migration/phases/expand.ts';
import { openContext, type TestContext } from '../../support/change-cycle.ts';
import { connect, type DatabaseClient, WATCHER_NAME } from '../../support/database-client.ts';
import { eventChange, eventColumn } from '../../support/event-change.ts';
import { expectAllFilled, MOMENT } from '../../support/event-table.ts';
import { startOwnServer } from '../../support/own-server.ts';

const ROWS = 3_000;
const RUN_MS = 60_000;
const CHANGE = namesOf(eventColumn).change;
/** Looks that a backfill that reads the whole table at each would have read it in. */
const LOOKS = 8;

const server = new AsyncDisposableStack();
let own: ThrowawayPostgres;
let resources: AsyncDisposableStack;
let client: DatabaseClient;
let opened: TestContext;

beforeAll(async () => {
  own = server.use(await startOwnServer({ max_prepared_transactions: '5' }));
}, RUN_MS);
afterAll(() => server.disposeAsync());

beforeEach(async () => {
  resources = new AsyncDisposableStack();
  client = resources.use(await connect(own.url(), WATCHER_NAME));
  for (const { gid } of await client.rows<{ gid: string }>(
    `select quote_literal(gid) as gid from pg_prepared_xacts`,
  )) {
    await client.rows(`rollback prepared ${gid}`);
  }
  await client.rows(`drop schema if exists online_migration cascade`);
  await client.rows(`drop table if exists event`);
  await client.rows(`create table event (id bigint primary key, at varchar(50) not null)`);
  await client.rows(`insert into event select n, ${MOMENT} from generate_series(1, ${ROWS}) as n`);
  opened = resources.use(await openContext(own.url(), eventChange));
  await expand(opened);
});
afterEach(() => resources.disposeAsync());

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve));
}

async function lock(id: number, application: string): Promise<DatabaseClient> {
  const holder = resources.use(await connect(own.url(), application));
  await holder.rows('begin');
  await holder.rows(`select from event where id = $1 for update`, [id]);
  return holder;
}

const unfilled = async () =>
  (await client.rows<{ id: number }>(`select id::int from event where at_new is null order by id`)).map(
    ({ id }) => id,
  );
const pausedFor = () => client.value<string | null>(`select paused_for from online_migration.backfill`);
const waitsFor = (reason: string) => until(async () => (await pausedFor()) === reason);

/** Resolves when the backfill has looked so many times more whether it can go on. */
async function looks(count: number): Promise<void> {
  const seen = new Set<string>();
  await until(async () => {
    seen.add(await client.value<string>(`select updated_at::text from online_migration.backfill`));
    return seen.size > count;
  });
}

/** How often the table was read from its beginning, as far as the server has counted. */
const scans = () =>
  client.value<number>(`select seq_scan::int from pg_stat_user_tables where relname = 'event'`);

describe('rows that others hold', () => {
  it(
    'by a prepared transaction are waited for without reading the table, and the log says how to end it',
    async () => {
      const holder = await lock(7, 'payments');
      await holder.rows(`prepare transaction 'order''s 7'`);
      const going = backfill(opened);
      await waitsFor('other transactions hold a row');
      await looks(LOOKS);
      expect(await unfilled()).toEqual([7]);
      const before = await scans();
      await looks(LOOKS);
      expect((await scans()) - before).toBeLessThan(LOOKS / 2);
      expect(opened.lines.filter((line) => line.includes('prepared transaction'))).toEqual([
        expect.stringMatching(
          /^backfill: waits for rows that others hold; .*: prepared transaction 'order''s 7', user postgres, prepared [\d.]+ s ago: end it with `commit prepared 'order''s 7'` or `rollback prepared 'order''s 7'`$/,
        ),
      ]);
      await client.rows(`rollback prepared 'order''s 7'`);
      await going;
      await expectAllFilled(client, ROWS);
    },
    RUN_MS,
  );

  it(
    'are filled one by one as their holders end, each of which is named',
    async () => {
      const [first, second] = [await lock(1, 'first'), await lock(2, 'second')];
      await using reader = await connect(own.url(), 'reader');
      await reader.rows('begin');
      await reader.rows('select from event');
      const going = backfill(opened);
      await waitsFor('other transactions hold 2 rows');
      await first.rows('rollback');
      await waitsFor('other transactions hold a row');
      expect(await unfilled()).toEqual([2]);
      await second.rows('rollback');
      await going;
      await expectAllFilled(client, ROWS);
      const told = opened.lines.find((line) => line.includes('waits for rows'));
      expect(told).toMatch(
        new RegExp(
          `the oldest first: pid ${first.pid} "first", user postgres, idle in transaction, in its transaction for [\\d.]+ s: ` +
            `select from event where id = \\$1 for update; pid ${second.pid} "second", [^;]*$`,
        ),
      );
    },
    RUN_MS,
  );

  it(
    'stay as they are while people pause the backfill, also when nobody holds them any more',
    async () => {
      const holder = await lock(3, 'holder');
      const going = backfill(opened);
      await waitsFor('other transactions hold a row');
      expect(await writeControls(client, CHANGE, { paused: true })).toBe(true);
      await waitsFor('paused by hand');
      await holder.rows('rollback');
      await looks(LOOKS);
      expect(await unfilled()).toEqual([3]);
      await writeControls(client, CHANGE, { paused: false });
      await going;
      await expectAllFilled(client, ROWS);
    },
    RUN_MS,
  );

  it(
    'because the whole table is locked are filled when it is free',
    async () => {
      const holder = await lock(3, 'holder');
      const going = backfill(opened);
      await waitsFor('other transactions hold a row');
      await holder.rows('rollback and chain');
      await holder.rows('lock table event in access exclusive mode').catch(() => undefined);
      await holder.rows('rollback');
      await going;
      await expectAllFilled(client, ROWS);
    },
    RUN_MS,
  );
});
