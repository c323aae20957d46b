import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ColumnChange } from '../../../src/online-migration/column-change.ts';
import { textToTimestamptz } from '../../../src/online-migration/conversions/text-to-timestamptz.ts';
import { DEFAULT_SETTINGS } from '../../../src/online-migration/migration-settings.ts';
import { backfill } from '../../../src/online-migration/moves/backfill.ts';
import { expand } from '../../../src/online-migration/moves/expand.ts';
import type { MoveContext } from '../../../src/online-migration/moves/move.ts';
import { Session } from '../../../src/online-migration/session.ts';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { createTestDatabase } from '../../support/test-server.ts';

const ROWS = 20_000;
const MOMENT = `to_char(timestamp '2024-01-01 10:00:00' + n * interval '1 second', 'YYYY-MM-DD HH24:MI:SS')`;

const eventChange: ColumnChange = {
  table: { schema: 'public', name: 'event' },
  key: 'id',
  oldColumn: { name: 'at', type: 'varchar(50)' },
  newColumn: { name: 'at_new', type: 'timestamptz' },
  conversion: textToTimestamptz,
};

let resources: AsyncDisposableStack;
let client: DatabaseClient;
let url: string;
let log: string[];

beforeEach(async () => {
  resources = new AsyncDisposableStack();
  const database = resources.use(await createTestDatabase());
  url = database.url;
  client = resources.use(await connect(url));
  log = [];
});
afterEach(() => resources.disposeAsync());

const openSession = () => Session.open({ connectionString: url }, 'online-migration test');

/** Fills the new column of a table that the test has made. */
async function fill(change: ColumnChange = eventChange): Promise<void> {
  await using session = await openSession();
  const context: MoveContext = {
    change,
    session,
    openSession,
    settings: DEFAULT_SETTINGS,
    log: (line) => log.push(line),
    signal: new AbortController().signal,
    recordInLedger: async () => undefined,
  };
  await expand(context);
  await backfill(context);
}

async function expectAllFilled(rows: number): Promise<void> {
  const [counts] = await client.rows(`
    select count(*)::int as rows,
      count(*) filter (where at_new = at::timestamp at time zone 'UTC')::int as right,
      (select coalesce(sum(rows_filled), 0)::int from online_migration.backfill_range)
        + (select rows_swept::int from online_migration.backfill) as counted
    from event`);
  expect(counts).toEqual({ rows, right: rows, counted: rows });
}

describe('the backfill of', () => {
  it.each([
    ['a bigint key', 'id bigint primary key', 'n'],
    ['a uuid key', 'id uuid primary key', 'gen_random_uuid()'],
    ['no key at all', 'id bigint', 'n'],
    ['a text key', 'id text primary key', `'k' || n`],
  ])('a table with %s', async (_, key, value) => {
    await client.rows(`create table event (${key}, at varchar(50))`);
    await client.rows(`insert into event select ${value}, ${MOMENT} from generate_series(1, ${ROWS}) as n`);
    await fill();
    await expectAllFilled(ROWS);
  });

  it('a table with room on its pages moves no row to another page', async () => {
    await client.rows(
      `create table event (id bigint primary key, at varchar(50)) with (fillfactor = 50, autovacuum_enabled = off)`,
    );
    await client.rows(`insert into event select n, ${MOMENT} from generate_series(1, ${ROWS}) as n`);
    const pages = await client.value<string>(`select pg_relation_size('event')::text`);
    await fill();
    await expectAllFilled(ROWS);
    expect(await client.value(`select pg_relation_size('event')::text`)).toBe(pages);
    expect(log.at(-1)).toContain('100 % heap-only updates');
  });

  it('a full table grows by far less than its own size', async () => {
    await client.rows(
      `create table event (id bigint primary key, at varchar(50), name text) with (autovacuum_enabled = off)`,
    );
    await client.rows(
      `insert into event select n, ${MOMENT}, 'LargeRecord_' || n from generate_series(1, ${ROWS}) as n`,
    );
    const before = Number(await client.value(`select pg_relation_size('event')`));
    await fill();
    await expectAllFilled(ROWS);
    expect(Number(await client.value(`select pg_relation_size('event')`))).toBeLessThan(1.5 * before);
  });

  it('a table with wide rows that are kept apart', async () => {
    await client.rows(`create table event (id bigint primary key, at varchar(50), document text)`);
    await client.rows(`alter table event alter column document set storage external`);
    await client.rows(
      `insert into event select n, ${MOMENT}, repeat('x', 5000) from generate_series(1, 500) as n`,
    );
    await fill();
    await expectAllFilled(500);
  });

  it('a partitioned table, leaf by leaf', async () => {
    await client.rows(
      `create table event (id bigint, at varchar(50), primary key (id)) partition by range (id)`,
    );
    await client.rows(`create table event_1 partition of event for values from (0) to (5000)`);
    await client.rows(
      `create table "event 2" partition of event for values from (5000) to (12000) partition by hash (id)`,
    );
    await client.rows(
      `create table event_2a partition of "event 2" for values with (modulus 2, remainder 0)`,
    );
    await client.rows(
      `create table event_2b partition of "event 2" for values with (modulus 2, remainder 1)`,
    );
    await client.rows(`create table event_3 partition of event default`);
    await client.rows(`insert into event select n, ${MOMENT} from generate_series(1, ${ROWS}) as n`);
    await client.rows(`analyze event`);
    await fill();
    await expectAllFilled(ROWS);
    const leaves = await client.rows(
      `select distinct leaf from online_migration.backfill_range order by leaf`,
    );
    expect(leaves.map(({ leaf }) => leaf)).toEqual([
      'public.event_1',
      'public.event_2a',
      'public.event_2b',
      'public.event_3',
    ]);
  });

  it.each([0, 1])('a table with %i rows', async (rows) => {
    await client.rows(`create table event (id bigint primary key, at varchar(50))`);
    await client.rows(`insert into event select n, ${MOMENT} from generate_series(1, ${rows}) as n`);
    await fill();
    await expectAllFilled(rows);
  });

  it('a table of nothing but rejects, which are written down and not looked at again', async () => {
    await client.rows(`create table event (id bigint primary key, at varchar(50))`);
    await client.rows(`insert into event select n, 'day ' || n from generate_series(1, ${ROWS}) as n`);
    await fill();
    const [rejects] = await client.rows(`
      select count(*)::int as rejects, count(distinct raw_value)::int as values, min(reason) as reason
      from online_migration.reject`);
    expect(rejects).toEqual({ rejects: ROWS, values: ROWS, reason: 'no equal value of type timestamptz' });
    expect(log.at(-1)).toContain('20,000 rejects');
  });

  it('a value that makes the conversion fail is found alone, and is a reject with the error as its reason', async () => {
    await client.rows(`create table event (id bigint primary key, at varchar(50))`);
    await client.rows(`insert into event select n, n::text from generate_series(1, ${ROWS}) as n`);
    await client.rows(`update event set at = 'x' || at where id in (3, 7777, ${ROWS})`);
    await fill({
      ...eventChange,
      newColumn: { name: 'at_new', type: 'integer' },
      conversion: { forward: (value) => `${value}::integer`, backward: (value) => `${value}::text` },
    });
    const unfilled = await client.rows<{ id: string }>(
      `select id from event where at_new is distinct from id order by id`,
    );
    expect(unfilled.map(({ id }) => Number(id))).toEqual([3, 7777, ROWS]);
    expect(
      await client.rows(`select key, raw_value, reason from online_migration.reject order by key::bigint`),
    ).toEqual(
      [3, 7777, ROWS].map((id) => ({
        key: String(id),
        raw_value: `x${id}`,
        reason: `invalid input syntax for type integer: "x${id}"`,
      })),
    );
  });
});
