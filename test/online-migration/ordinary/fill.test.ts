import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { STRIPES } from '../../../src/online-migration/backfill/plan/stripes.ts';
import type { OnlineMigrationEvent } from '../../../src/online-migration/index.ts';
import type { Part } from '../../../src/online-migration/ordinary/parts.ts';
import { type FillRunOptions, runParts } from '../../support/fill-run.ts';
import { countTo, slowUpdatesDown } from '../../support/slow-updates.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const ROWS = 20_000;

const database = databasePerFile(
  `create table ledger (migration text)`,
  `create table orders (id bigint primary key, total numeric(10, 2) not null, total_cents bigint, touched int not null default 0)`,
  `insert into orders select n, n / 100.0 from generate_series(1, ${ROWS}) n`,
  `analyze`,
);

const run = (parts: readonly Part[], options?: FillRunOptions) => runParts(database.url, parts, options);
const value = <T>(sql: string) => database.client.value<T>(sql);

const CENTS = {
  table: 'orders',
  set: { total_cents: 'round(total * 100)' },
  where: 'total_cents is null',
};

/** A signal that says that a run has ended. */
function whenOver(ended: Promise<void>): AbortSignal {
  const over = new AbortController();
  void ended.finally(() => over.abort()).catch(() => undefined);
  return over.signal;
}

/** Nothing of the package is left. */
async function expectClean(): Promise<void> {
  expect(await database.client.rows(`select from pg_namespace where nspname = 'online_migration'`)).toEqual(
    [],
  );
}

describe('a fill', () => {
  it('fills all rows in batches, between the statements before and behind it, and leaves nothing', async () => {
    const events: OnlineMigrationEvent[] = [];
    await run(
      [
        `alter table orders add cents bigint null`,
        { table: 'orders', set: { cents: 'round(total * 100)' }, where: 'cents is null' },
        `alter table orders alter cents set not null`,
      ],
      { heard: (event) => events.push(event) },
    );
    expect(await value(`select count(*)::int from orders where cents = id`)).toBe(ROWS);
    expect(
      await value(
        `select attnotnull from pg_attribute where attrelid = 'orders'::regclass and attname = 'cents'`,
      ),
    ).toBe(true);
    expect(await database.client.rows(`select migration from ledger`)).toEqual([{ migration: 'Filling' }]);
    await expectClean();
    const finished = events.find(({ type }) => type === 'backfill-finished');
    expect(finished).toMatchObject({ change: 'Filling', rows: ROWS });
    expect((finished as { batches: { count: number } }).batches.count).toBeGreaterThan(9);
    expect(events.findLast(({ type }) => type === 'migration-step')).toMatchObject({ step: 7, steps: 7 });
  });

  it('reads the table in one pass if few rows match', async () => {
    const events: OnlineMigrationEvent[] = [];
    await run([{ ...CENTS, where: 'total_cents is null and id % 200 = 0' }], {
      heard: (event) => events.push(event),
    });
    expect(await value(`select count(*)::int from orders where total_cents = id`)).toBe(ROWS / 200);
    const finished = events.find(({ type }) => type === 'backfill-finished');
    expect(finished).toMatchObject({ rows: ROWS / 200 });
    // A row of the table counts, also one that does not match: the first batches are of 1,000 rows.
    const { batches } = finished as { batches: { count: number } };
    expect(batches.count).toBeLessThan(ROWS / 1_000);
    const scanned = events.flatMap((event) => (event.type === 'backfill-progress' ? [event.percent] : []));
    expect(scanned.at(-1)).toBe(100);
  });

  it('overwrites no concurrent write of the same rows, and waits for locked rows', async () => {
    const writer = await database.connect('writer');
    const holder = await database.connect('holder');
    await holder.rows('begin');
    await holder.rows(`update orders set total = 7.77, touched = 1 where id = 5`);
    const ended = run([CENTS], { settings: { backfill: { workers: 2, batchMs: 10 } } });
    const over = whenOver(ended);
    let writes = 0;
    for (let id = 1; !over.aborted && writes < 3_000; id = (id * 7919) % ROWS) {
      // The application writes both columns, or the old one alone.
      await writer.rows(
        writes % 2 === 0
          ? `update orders set total = total + 1, total_cents = round((total + 1) * 100), touched = touched + 1 where id = ${id + 1}`
          : `update orders set total = total + 1, total_cents = null, touched = touched + 1 where id = ${id + 1}`,
      );
      writes++;
      if (writes === 300) await holder.rows('commit');
    }
    await ended;
    expect(writes).toBeGreaterThan(300);
    expect(await value(`select count(*)::int from orders where total_cents <> round(total * 100)`)).toBe(0);
    // The last writes came behind the fill.
    await run([CENTS]);
    expect(
      await value(`select count(*)::int from orders where total_cents is distinct from round(total * 100)`),
    ).toBe(0);
    expect(await value(`select sum(touched)::int from orders`)).toBe(writes + 1);
    expect(await value(`select total_cents::int from orders where id = 5`)).not.toBe(500);
  });

  it('names rows that cannot be filled, fills the others, and goes on when they or the fill are corrected', async () => {
    await database.client.rows(`update orders set total = 0 where id in (3, 7000)`);
    await database.client.rows(`alter table orders add check (total_cents <> 50)`);
    const fill = { ...CENTS, set: { total_cents: 'round(100 * total * total / total)' } };
    await expect(run([fill])).rejects.toMatchObject({
      code: 'FILL_ROWS_FAILED',
      message: expect.stringMatching(
        /Filling: 3 rows of "public"\."orders" could not be filled\. Among them: .*id 7000: division by zero/,
      ),
      details: {
        count: 3,
        rows: expect.arrayContaining([
          'id 3: division by zero',
          expect.stringContaining('id 50: new row for relation "orders" violates check constraint'),
        ]),
      },
    });
    expect(await value(`select count(*)::int from orders where total_cents is null`)).toBe(3);
    expect(await database.client.rows(`select from ledger`)).toEqual([]);
    await database.client.rows(`update orders set total = 0.51 where id = 50`);
    await run([CENTS]);
    expect(
      await database.client.rows(
        `select id::int, total_cents::int from orders where id in (3, 50, 7000) order by id`,
      ),
    ).toEqual([
      { id: 3, total_cents: 0 },
      { id: 50, total_cents: 51 },
      { id: 7000, total_cents: 0 },
    ]);
    expect(await database.client.rows(`select migration from ledger`)).toEqual([{ migration: 'Filling' }]);
    await expectClean();
  });

  it('stops when too many rows fail', async () => {
    await expect(
      run([
        {
          ...CENTS,
          set: { total_cents: 'case when id > 150 then 1 / (id - id) end' },
          where: 'total_cents is null and id > 150',
        },
      ]),
    ).rejects.toMatchObject({
      code: 'FILL_ROWS_FAILED',
      message: expect.stringContaining('The fill has stopped'),
    });
  });

  it('fires the triggers of the table as any update does, and not if its author wants them silent', async () => {
    await database.client.rows(`
      create function touch() returns trigger language plpgsql as
        $$ begin new.touched := new.touched + 1; return new; end $$`);
    await database.client.rows(
      `create trigger touch before update on orders for each row execute function touch()`,
    );
    await run([CENTS]);
    expect(await value(`select count(*)::int from orders where touched = 1`)).toBe(ROWS);
    await database.client.rows(`update orders set touched = 5`);
    const events: OnlineMigrationEvent[] = [];
    await run(
      [{ table: 'orders', set: { total_cents: '-1' }, where: 'total_cents <> -1', triggers: 'silent' }],
      {
        heard: (event) => events.push(event),
      },
    );
    expect(await value(`select count(*)::int from orders where touched = 6 and total_cents = -1`)).toBe(ROWS);
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'triggers-silenced', triggers: ['touch'] }),
    );
  });

  it('names a row whose update a trigger drops or undoes', async () => {
    await database.client.rows(`
      create function keep() returns trigger language plpgsql as
        $$ begin
          if new.id = 10 then return null; end if;
          if new.id = 11 then new.total_cents := null; end if;
          return new;
        end $$`);
    await database.client.rows(
      `create trigger keep before update on orders for each row execute function keep()`,
    );
    await expect(run([CENTS])).rejects.toMatchObject({
      code: 'FILL_ROWS_FAILED',
      details: {
        rows: expect.arrayContaining([
          expect.stringMatching(/^id 10: an update leaves it as it is/),
          expect.stringMatching(/^id 11: it still matches `where` after the update/),
        ]),
      },
    });
    expect(await value(`select count(*)::int from orders where total_cents is null`)).toBe(2);
  });

  it('goes on behind an interruption, also on the way down', async () => {
    await slowUpdatesDown(database.client, countTo(500), 'orders');
    const interrupt = new AbortController();
    const cut = run([CENTS], {
      direction: 'down',
      settings: { backfill: { batchMs: 1 } },
      signal: interrupt.signal,
      heard: (event) =>
        event.type === 'backfill-progress' &&
        event.rowsDone > 100 &&
        interrupt.abort(new Error('Interrupted.')),
    });
    await expect(cut).rejects.toThrow('Interrupted.');
    const done = await value<number>(`select count(*)::int from orders where total_cents is not null`);
    expect(done).toBeGreaterThan(100);
    expect(done).toBeLessThan(ROWS);
    expect(await value(`select change from online_migration.backfill`)).toBe('Filling');
    await database.client.rows(`alter table orders drop constraint slow; drop function slow`);
    await run([CENTS], { direction: 'down' });
    expect(await value(`select count(*)::int from orders where total_cents = id`)).toBe(ROWS);
    await expectClean();
  });

  it('shows 100 percent at most if the table has grown so much since an interruption that one pass is enough', async () => {
    const fewRows = 1_500;
    const few = { ...CENTS, where: `total_cents is null and id <= ${fewRows}` };
    const interrupt = new AbortController();
    const cut = run([few], {
      signal: interrupt.signal,
      heard: ({ type }) => type === 'backfill-planned' && interrupt.abort(new Error('Interrupted.')),
    });
    await expect(cut).rejects.toThrow('Interrupted.');
    await database.client.rows(`update online_migration.backfill_range set stripe = ${STRIPES - 2}`);
    await database.client.rows(
      `insert into orders select n, n / 100.0, n from generate_series(${ROWS + 1}, ${2 * ROWS}) n`,
    );
    await database.client.rows(`analyze orders`);
    const percents: number[] = [];
    await run([few], {
      heard: (event) => event.type === 'backfill-progress' && percents.push(event.percent),
    });
    expect(await value(`select count(*)::int from orders where total_cents = id`)).toBe(fewRows + ROWS);
    expect(Math.max(...percents)).toBe(100);
  });

  it('is paused and resumed by its row of online_migration.backfill', async () => {
    const ended = run([CENTS], {
      settings: { backfill: { batchMs: 1 } },
      heard: ({ type }) =>
        type === 'backfill-planned' &&
        void database.client.rows(
          `update online_migration.backfill set paused = true where change = 'Filling'`,
        ),
    });
    while (
      (await database.client.rows(`select from pg_class where relname = 'backfill'`)).length === 0 ||
      (await value(`select paused_for from online_migration.backfill`)) !== 'paused by hand'
    )
      await delay(50);
    const done = await value<number>(`select count(*)::int from orders where total_cents is not null`);
    await delay(600);
    expect(await value(`select count(*)::int from orders where total_cents is not null`)).toBe(done);
    await database.client.rows(`update online_migration.backfill set paused = false`);
    await ended;
    expect(await value(`select count(*)::int from orders where total_cents = id`)).toBe(ROWS);
  });

  it('ends although the application keeps writing rows that match', async () => {
    const writer = await database.connect('an old version');
    const events: OnlineMigrationEvent[] = [];
    const ended = run([CENTS], { heard: (event) => events.push(event) });
    const over = whenOver(ended);
    for (let id = ROWS + 1; !over.aborted; id++) await writer.rows(`insert into orders values (${id}, 1)`);
    await ended;
    expect(await value(`select count(*)::int from orders where id <= ${ROWS} and total_cents is null`)).toBe(
      0,
    );
    await expectClean();
  });
});
