import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { writeControls } from '../../../src/online-migration/state/backfill-controls.ts';
import { namesOf } from '../../../src/online-migration/change/names.ts';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { eventChange, eventColumn } from '../../support/event-change.ts';
import { expectAllFilled, fillEventTable, MOMENT } from '../../support/event-table.ts';
import { startOwnServer } from '../../support/own-server.ts';

const ROWS = 20_000;
const CHANGE = namesOf(eventColumn).change;
/** A stall that a client would notice. */
const LONGEST_WAIT = '2s';
const RUN_MS = 120_000;

const resources = new AsyncDisposableStack();
let client: DatabaseClient;
let url: string;
let filling: Promise<readonly string[]>[];

// A server of its own, whose autovacuum comes every second and finds each changed table worth its while.
beforeAll(async () => {
  const settings = {
    fsync: 'off',
    autovacuum_naptime: '1s',
    autovacuum_vacuum_threshold: '1',
    autovacuum_vacuum_scale_factor: '0',
    autovacuum_analyze_threshold: '1',
    autovacuum_analyze_scale_factor: '0',
  };
  url = resources.use(await startOwnServer(settings)).url();
  client = resources.use(await connect(url));
  await client.rows(`create table witness (id int)`);
  // While it is held up, a batch takes a part of a second, and the whole many: something can come in the middle.
  await client.rows(`create table held_up ()`);
  await client.rows(`
    create function slow() returns trigger language plpgsql as $$
    begin
      if exists (select from held_up) then perform sum(n) from generate_series(1, 8000) as n; end if;
      return new;
    end $$`);
}, RUN_MS);
afterAll(() => resources.disposeAsync());

/** Makes the table anew, of one range, and begins to fill it. */
beforeEach(async () => {
  await client.rows(`drop schema if exists online_migration cascade`);
  await client.rows(`drop table if exists event`);
  await client.rows(`create table event (id bigint primary key, at varchar(50) not null)`);
  await client.rows(`insert into event select n, ${MOMENT} from generate_series(1, ${ROWS}) as n`);
  await client.rows(`create trigger slow before update on event for each row execute function slow()`);
  await client.rows(`insert into held_up default values`);
  filling = [fillEventTable(url, { ...eventChange, firesInBackfill: ['slow'] })];
  // Expand's own transaction holds the table as the holder does, between two of its statements.
  await until(async () => (await hasBookkeeping()) && (await isUnderWay()));
  await nextHolder();
}, RUN_MS);

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve));
}

/** The session that keeps autovacuum away. */
async function holder(): Promise<{ pid: number; xid: string | null; xmin: string | null } | undefined> {
  const [row] = await client.rows<{ pid: number; xid: string | null; xmin: string | null }>(`
    select a.pid, a.backend_xid::text as xid, a.backend_xmin::text as xmin
    from pg_locks l join pg_stat_activity a using (pid)
    where l.relation = to_regclass('event') and l.mode = 'ShareUpdateExclusiveLock' and l.granted
      and a.state = 'idle in transaction'`);
  return row;
}

/** Waits for that session. It releases its lock for a moment if another session waits for the table. */
async function nextHolder(): Promise<NonNullable<Awaited<ReturnType<typeof holder>>>> {
  for (;;) {
    const session = await holder();
    if (session !== undefined) return session;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const hasBookkeeping = () =>
  client.value<boolean>(`select to_regclass('online_migration.backfill_range') is not null`);

const isUnderWay = () =>
  client.value<boolean>(`select exists (select from online_migration.backfill_range where stripe < 16)`);

async function expectFinished(): Promise<void> {
  await client.rows(`delete from held_up`);
  const [log] = await Promise.all(filling);
  expect(log?.at(-1)).toContain('rows in');
  await expectAllFilled(client, ROWS);
}

const visits = (table: string) =>
  client.value<number>(`
    select (autovacuum_count + autoanalyze_count)::int from pg_stat_user_tables where relname = '${table}'`);

describe('while a backfill runs', () => {
  it(
    'autovacuum passes the table over, and comes behind it',
    async () => {
      const witnessed = await visits('witness');
      const before = await visits('event');
      let during = before;
      // Twice at another table that is changed all the time, so once at least while this one was held.
      while ((await visits('witness')) < witnessed + 4 && (await isUnderWay())) {
        await client.rows(`insert into witness values (1)`);
        await client.rows(`delete from witness`);
        during = await visits('event');
      }
      expect(await isUnderWay()).toBe(true);
      expect(during).toBe(before);
      await expectFinished();
      await until(async () => (await visits('event')) > before);
    },
    RUN_MS,
  );

  it(
    'what keeps it away holds back no vacuum of other tables, and neither reads nor writes',
    async () => {
      expect(await nextHolder()).toMatchObject({ xid: null, xmin: null });
      await client.rows(`set statement_timeout = '${LONGEST_WAIT}'`);
      await client.rows(`insert into event values (0, '2024-01-01 10:00:00')`);
      await client.rows(`delete from event where id = 0`);
      expect(await client.value(`select count(*)::int from event`)).toBe(ROWS);
      await client.rows(`reset statement_timeout`);
      await expectFinished();
    },
    RUN_MS,
  );

  it.each([
    `alter table event add column more int`,
    `create index event_at on event (at)`,
    `create index concurrently event_at on event (at)`,
    `vacuum event`,
  ])(
    'who runs `%s` need not wait for its end',
    async (statement) => {
      await using operator = await connect(url, 'operator');
      await operator.rows(`set lock_timeout = '${LONGEST_WAIT}'`);
      await operator.rows(statement);
      expect(await isUnderWay()).toBe(true);
      await expectFinished();
    },
    RUN_MS,
  );

  it(
    'the table is let go while it is paused, and while the sweep waits for a row',
    async () => {
      await using other = await connect(url, 'other');
      await other.rows(`begin`);
      await other.rows(`select from event where id = ${ROWS} for update`);
      await until(() => writeControls(client, CHANGE, { paused: true }));
      await until(async () => (await holder()) === undefined);
      await writeControls(client, CHANGE, { paused: false });
      await nextHolder();
      await client.rows(`delete from held_up`);
      await until(async () => !(await isUnderWay()));
      await until(async () => (await holder()) === undefined);
      await other.rows(`rollback`);
      await expectFinished();
    },
    RUN_MS,
  );

  it(
    'the session that keeps autovacuum away may be cut',
    async () => {
      await client.rows(`select pg_terminate_backend($1, 5000)`, [(await nextHolder()).pid]);
      await expectFinished();
    },
    RUN_MS,
  );
});
