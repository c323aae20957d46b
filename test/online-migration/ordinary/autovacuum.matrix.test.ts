import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { OnlineMigrationEvent } from '../../../src/online-migration/index.ts';
import { carriedOut } from '../../support/carried-out.ts';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { startOwnServer } from '../../support/own-server.ts';

const ROWS = 20_000;
const LIMIT_MS = 60_000;
/** A table on which autovacuum does nothing yet. When it is enabled, it comes for one dead row, and takes a tenth of a second for each page. */
const VACUUMED = `
  autovacuum_enabled = off, autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0,
  autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1`;

const server = new AsyncDisposableStack();
let url: string;
let client: DatabaseClient;

beforeAll(async () => {
  url = server.use(await startOwnServer({ fsync: 'off', autovacuum_naptime: '1s' })).url();
  client = server.use(await connect(url));
}, LIMIT_MS);
afterAll(() => server.disposeAsync());

beforeEach(async () => {
  await client.rows(`drop schema if exists online_migration cascade`);
  await client.rows(`drop table if exists public.ledger, parts, part, orders`);
  await client.rows(
    `create table orders (id int primary key, note text not null, total int null) with (${VACUUMED})`,
  );
  await client.rows(`insert into orders select n, repeat('x', 100), n from generate_series(1, ${ROWS}) as n`);
});

/** Lets autovacuum come, and waits until it holds its lock. */
async function vacuumed(table: string): Promise<void> {
  await client.rows(`update ${table} set note = note`);
  await client.rows(`alter table ${table} set (autovacuum_enabled = on)`);
  let isThere = false;
  while (!isThere) {
    isThere = await client.value<boolean>(`
      select exists (
        select from pg_locks l join pg_stat_activity a using (pid)
        where l.relation = '${table}'::regclass and l.mode = 'ShareUpdateExclusiveLock' and l.granted
          and a.backend_type = 'autovacuum worker'
      )`);
  }
}

const finishedVacuums = (table: string) =>
  client.value<number>(`select autovacuum_count::int from pg_stat_user_tables where relname = '${table}'`);

describe('an ordinary migration, while autovacuum works on the table,', () => {
  it.each([
    ['a change of the catalog', `alter table orders add remark text null`],
    ['several steps', `alter table orders alter total set not null`],
    ['an index', `create index on orders (total)`],
    ['a renamed column', `alter table orders rename note to remark`],
  ])(
    'carries out %s: autovacuum gives way',
    async (_, statement) => {
      await vacuumed('orders');
      const events: OnlineMigrationEvent[] = [];
      await carriedOut(url, [statement], { heard: (event) => events.push(event) });
      expect(await finishedVacuums('orders')).toBe(0);
      expect(events.filter(({ type }) => type === 'lock-retry').length).toBeLessThan(5);
    },
    LIMIT_MS,
  );

  it(
    'detaches a partition: autovacuum gives way',
    async () => {
      await client.rows(`create table parts (id int not null, note text not null) partition by range (id)`);
      await client.rows(`create table part (id int not null, note text not null) with (${VACUUMED})`);
      await client.rows(`insert into part select n, repeat('x', 100) from generate_series(1, ${ROWS}) as n`);
      await client.rows(`alter table parts attach partition part for values from (0) to (1000000)`);
      await vacuumed('part');
      await carriedOut(url, [`alter table parts detach partition part`]);
      expect(await finishedVacuums('part')).toBe(0);
    },
    LIMIT_MS,
  );
});
