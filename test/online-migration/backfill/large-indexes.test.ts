import { expect, it } from '@jest/globals';
import { AutovacuumHold } from '../../../src/online-migration/backfill/space/autovacuum-hold.ts';
import { SpaceReuse } from '../../../src/online-migration/backfill/space/space-reuse.ts';
import { forwardFill } from '../../../src/online-migration/backfill/plan/fill.ts';
import { expand } from '../../../src/online-migration/phases/expand.ts';
import { backfill } from '../../../src/online-migration/phases/backfill.ts';
import { eventChange } from '../../support/event-change.ts';
import { MOMENT } from '../../support/event-table.ts';
import { databasePerTest } from '../../support/tested-database.ts';

const ROWS = 2_000;
const LEAF = '"public"."event"';

const database = databasePerTest(
  `create table event (id bigint primary key, at varchar(50) not null) with (autovacuum_enabled = off)`,
  `insert into event select n, ${MOMENT} from generate_series(1, ${ROWS}) as n`,
);
const { client } = database;

it('a table whose indexes take too long to clean is still vacuumed, without them', async () => {
  const opened = await database.open(eventChange);
  await expand(opened);
  await backfill(opened);
  await client.rows(`update online_migration.backfill_range set end_block = 1`);
  const vacuums: string[] = [];
  /** Cleaning the indexes exceeds the statement timeout. */
  const slow = new Proxy(opened.session, {
    get(session, name) {
      if (name !== 'query') return Reflect.get(session, name, session) as unknown;
      return async (sql: string, values?: unknown[]) => {
        if (!sql.startsWith('vacuum')) return session.query(sql, values);
        vacuums.push(sql);
        if (sql.includes('index_cleanup off')) return session.query(sql);
        await session.query(`set statement_timeout = 1`);
        try {
          return await session.query(`select pg_sleep(60)`);
        } finally {
          await session.query(`set statement_timeout = 60000`);
        }
      };
    },
  });
  await using hold = new AutovacuumHold(opened.openSession, LEAF, opened.emit);
  const space = new SpaceReuse(forwardFill(eventChange), hold, () => false);
  const rangeDone = () => space.rangeDone(slow, LEAF, opened.signal);
  await rangeDone();
  await rangeDone();
  expect(vacuums).toEqual([
    `vacuum (index_cleanup on, truncate off) ${LEAF}`,
    `vacuum (index_cleanup off, truncate off) ${LEAF}`,
  ]);
});

it('a vacuum between two ranges ends when an alter table waits for it', async () => {
  await client.rows(
    `do $$ begin execute format('alter database %I set vacuum_cost_limit = 1', current_database()); end $$`,
  );
  const opened = await database.open(eventChange);
  await expand(opened);
  await backfill(opened);
  await client.rows(`update event set id = id + ${ROWS}`);
  await client.rows(`insert into event select n, ${MOMENT} from generate_series(10001, 400000) as n`);
  await client.rows(`update online_migration.backfill_range set end_block = 1`);
  await using session = await opened.openSession();
  await using hold = new AutovacuumHold(opened.openSession, LEAF, opened.emit);
  await hold.take();
  const space = new SpaceReuse(forwardFill(eventChange), hold, () => true);
  const ended = () =>
    client.value<number>(`select vacuum_count::int from pg_stat_user_tables where relname = 'event'`);
  const endedBefore = await ended();
  const done = space.rangeDone(session, LEAF, opened.signal);
  const vacuums = `select count(*)::int from pg_stat_progress_vacuum where relid = 'event'::regclass`;
  while ((await client.value<number>(vacuums)) === 0);
  const altering = await database.connect();
  const altered = altering.rows(`alter table event add column note text`);
  while ((await client.value<number>(`select count(*)::int from pg_locks where not granted`)) === 0);
  await hold.giveWay();
  await Promise.all([done, altered]);
  expect(await ended()).toBe(endedBefore);
  expect((await session.query(`select 1 as one`)).rows).toEqual([{ one: 1 }]);
});
