import { describe, expect, it } from '@jest/globals';
import { lockWaiter } from '../../support/lock-waits.ts';
import { type CommandMigration, ordinaryCommand } from '../../support/ordinary-command/start.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const ROWS = 20_000;

const database = databasePerFile(
  `create table orders (id bigint primary key, total int, cents bigint)`,
  `insert into orders select n, n from generate_series(1, ${ROWS}) n`,
  `analyze`,
);
const { client } = database;

/** A migration that is interrupted while it waits for a transaction that has this lock on the table. */
interface Waiting {
  readonly name: string;
  readonly migration: CommandMigration;
  readonly lock: string;
  readonly says: RegExp;
}

const CANCELS = /Cancels the statement that runs/;

const WAITING: readonly Waiting[] = [
  {
    name: 'the start of an index build',
    migration: { up: [`create index orders_total on orders (total)`] },
    lock: 'lock table orders in share update exclusive mode',
    says: CANCELS,
  },
  {
    name: 'the middle of an index build',
    migration: { up: [`create index orders_total on orders (total)`] },
    lock: 'update orders set total = total where id = 1',
    says: CANCELS,
  },
  {
    name: 'a lock',
    migration: { up: [`alter table orders add note text null`] },
    lock: 'select from orders',
    says: /no lock on public.orders/,
  },
];

describe('npx mikro-orm migration:up that is interrupted', () => {
  it.each(
    WAITING.flatMap((waiting) => (['SIGINT', 'SIGTERM'] as const).map((signal) => ({ ...waiting, signal }))),
  )(
    'by $signal in $name ends at once, and the next run finishes',
    async ({ migration, lock, says, signal }) => {
      const start = ordinaryCommand({ '0001': migration });
      const holder = await database.connect('holds a lock');
      await holder.rows('begin');
      await holder.rows(lock);
      const command = start(database.url, 'migration:up');
      await lockWaiter(database.url);
      command.process.kill(signal);
      expect(await command.exitCode).toBe(1);
      expect(command.output()).toContain('The same command continues from here');
      expect(command.output()).toMatch(says);
      await holder.rows('commit');
      const again = start(database.url, 'migration:up');
      expect(await again.exitCode).toBe(0);
      expect(await client.rows('select from pg_index where not indisvalid')).toEqual([]);
      expect(await client.value('select count(*)::int from mikro_orm_migrations')).toBe(1);
    },
  );

  it('in the build of an index drops what it leaves', async () => {
    await client.rows(`
      create function slow(value int) returns int language plpgsql immutable as
        $$ begin perform pg_sleep(0.01); return value; end $$`);
    const start = ordinaryCommand({ '0001': { up: [`create index orders_slow on orders (slow(total))`] } });
    const command = start(database.url, 'migration:up');
    const isBuilt = async () =>
      (
        await client.rows(
          `select from pg_stat_progress_create_index where command = 'CREATE INDEX CONCURRENTLY' and phase like 'building%'`,
        )
      ).length > 0;
    while (!(await isBuilt()));
    command.process.kill('SIGINT');
    expect(await command.exitCode).toBe(1);
    expect(await client.rows(`select from pg_class where relname = 'orders_slow'`)).toEqual([]);
    await client.rows(
      `create or replace function slow(value int) returns int language sql immutable as 'select value'`,
    );
    expect(await start(database.url, 'migration:up').exitCode).toBe(0);
    expect(await client.rows('select from pg_index where not indisvalid')).toEqual([]);
  });

  it('in a fill ends at once, and the next run finishes', async () => {
    const fill = { table: 'orders', set: { cents: 'total * 100' }, where: 'cents is null' };
    const start = ordinaryCommand(
      { '0001': { up: [fill, `alter table orders alter cents set not null`] } },
      { backfill: { batchMs: 1 } },
    );
    const command = start(database.url, 'migration:up');
    const hasBegun = async () =>
      (await client.rows(`select from orders where cents is not null limit 1`)).length > 0;
    while (!(await hasBegun()));
    command.process.kill('SIGTERM');
    expect(await command.exitCode).toBe(1);
    expect(command.output()).toContain('The same command continues from here');
    expect(await client.value(`select count(*)::int from orders where cents is null`)).toBeGreaterThan(0);
    expect(await start(database.url, 'migration:up').exitCode).toBe(0);
    expect(await client.value(`select count(*)::int from orders where cents = total * 100`)).toBe(ROWS);
  });
});
