import { beforeEach, describe, expect, it } from '@jest/globals';
import type { ColumnChange } from '../../../src/online-migration/change/column-change.ts';
import { integerToBigint } from '../../../src/online-migration/conversions/numbers/integer-to-bigint.ts';
import { textToNumeric } from '../../../src/online-migration/conversions/numbers/text-to-numeric.ts';
import { contract } from '../../../src/online-migration/phases/contract.ts';
import { expand } from '../../../src/online-migration/phases/expand.ts';
import { PHASES } from '../../support/change-cycle.ts';
import { changeOf } from '../../support/change-of.ts';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { lockWaiter } from '../../support/lock-waits.ts';
import { refusedWith } from '../../support/refused-with.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const total = changeOf('orders.total', {
  from: 'text',
  to: 'numeric(12,2)',
  conversion: textToNumeric(12, 2),
});

const database = databasePerFile(
  `create table orders (id bigint primary key, total text not null, name text)`,
  `insert into orders values (1, '1.5'), (2, '2.5'), (3, '3.50'), (4, '4.5')`,
);
const { client, runPhases } = database;
let writer: DatabaseClient;

beforeEach(async () => {
  writer = await database.connect();
});

type PhaseFunctions = readonly (typeof expand)[];
const ENFORCED = PHASES.up.slice(0, 3);
const BACK_TO_ENFORCED = PHASES.down.slice(1, 2);
const ALL_THE_WAY_BACK: PhaseFunctions = PHASES.down;

/**
 * Carries contract out, and writes behind its proof: the lock of the last step waits for a reader until the writes are done.
 */
async function contractWith(change: ColumnChange, write: () => Promise<void>): Promise<void> {
  await using reader = await connect(database.url);
  const context = await database.open(change);
  const proven = Promise.withResolvers<void>();
  const keeping = Promise.withResolvers<void>();
  const running = contract({
    ...context,
    emit: (event) => {
      if (event.type === 'lock-retry' && event.purpose === 'contract: drop the old column') proven.resolve();
      if (event.type === 'lock-held' && event.purpose === 'contract: keep old values') keeping.resolve();
    },
  });
  running.catch((error: unknown) => {
    keeping.reject(error);
    proven.reject(error);
  });
  // The reader comes behind the first lock and ahead of the second.
  await keeping.promise;
  await reader.rows('begin');
  await reader.rows('select from orders limit 1');
  await proven.promise;
  await write();
  await reader.rows('commit');
  await running;
}

const texts = () => client.value<string>(`select string_agg(total, ' ' order by id) from orders`);

describe('a text that its new value does not lead back to', () => {
  it.each([
    [`insert into orders values (1, '1.50') on conflict (id) do nothing`, '1.5 2.5 3.50 4.5'],
    [`insert into orders values (1, '9.5') on conflict (id) do nothing`, '1.5 2.5 3.50 4.5'],
    [
      `insert into orders values (1, '1.50') on conflict (id) do update set name = 'upserted'`,
      '1.5 2.5 3.50 4.5',
    ],
    [
      `insert into orders values (2, '7.5') on conflict (id) do update set total = excluded.total`,
      '1.5 7.5 3.50 4.5',
    ],
    [
      `insert into orders values (2, '7.50') on conflict (id) do update set total = excluded.total`,
      '1.5 7.50 3.50 4.5',
    ],
    [`update orders set id = 5 where id = 4`, '1.5 2.5 3.50 4.5'],
    [`update orders set total = '2.50' where id = 2`, '1.5 2.50 3.50 4.5'],
    [`delete from orders where id = 1; insert into orders values (1, '1.50')`, '1.50 2.5 3.50 4.5'],
  ])('comes back letter by letter when during contract somebody runs: %s', async (statement, expected) => {
    await runPhases(total, ENFORCED);
    await contractWith(total, async () => void (await writer.rows(statement)));
    await runPhases(total, BACK_TO_ENFORCED);
    expect(await texts()).toBe(expected);
  });

  it('comes back under a key that the writer’s session writes as another text', async () => {
    await client.rows(`alter table orders alter column id type bytea using int8send(id)`);
    await runPhases(total, ENFORCED);
    await using escaping = await connect(database.url);
    await escaping.rows(`set bytea_output = 'escape'`);
    await contractWith(
      total,
      async () => void (await escaping.rows(`update orders set total = '7.5' where id = int8send(1)`)),
    );
    await runPhases(total, BACK_TO_ENFORCED);
    expect(await texts()).toBe('7.5 2.5 3.50 4.5');
  });

  it('comes back under a key that was written again with another number of zeros', async () => {
    await client.rows(`alter table orders alter column id type numeric`);
    await runPhases(total, ENFORCED);
    await contractWith(
      total,
      async () => void (await writer.rows(`update orders set id = 1.0 where id = 1`)),
    );
    await runPhases(total, BACK_TO_ENFORCED);
    expect(await texts()).toBe('1.5 2.5 3.50 4.5');
  });

  it('is not mixed up by a transaction with an older snapshot: that fails and can run again', async () => {
    await runPhases(total, ENFORCED);
    await writer.rows('begin isolation level repeatable read');
    await writer.rows('select from pg_class limit 1');
    await contractWith(total, async () => {
      await expect(writer.rows(`update orders set total = '1.50' where id = 1`)).rejects.toMatchObject({
        code: '40001',
      });
      await writer.rows('rollback');
      await writer.rows('begin isolation level repeatable read');
      await writer.rows(`update orders set total = '1.50' where id = 1`);
      await writer.rows('commit');
    });
    await runPhases(total, BACK_TO_ENFORCED);
    expect(await texts()).toBe('1.50 2.5 3.50 4.5');
  });

  it('lets no write fail if contract runs again behind one that was killed', async () => {
    await runPhases(total, ENFORCED);
    await expect(
      contractWith(
        total,
        async () =>
          void (await client.rows(
            `select pg_terminate_backend(pid) from pg_stat_activity
            where application_name = 'online-migration test' and datname = current_database()`,
          )),
      ),
    ).rejects.toThrow(/The connection to the database was lost|terminating connection/);
    await writer.rows(`begin; update orders set total = '7.5' where id = 2`);
    const again = runPhases(total, [contract]);
    await lockWaiter(database.url);
    await writer.rows(`update orders set total = '6.5' where id = 1; commit`);
    await again;
    await runPhases(total, BACK_TO_ENFORCED);
    expect(await texts()).toBe('6.5 7.5 3.50 4.5');
  });

  it('of a row that got another key after contract is reported, and stays until expand is reverted', async () => {
    await runPhases(total, [...ENFORCED, contract]);
    await client.rows(`update orders set id = 9 where id = 4`);
    const lines = await runPhases(total, BACK_TO_ENFORCED);
    expect(lines).toContainEqual(expect.stringMatching(/1 kept values belong to no row, such as 4: /));
    expect(
      await client.rows(`select key, raw_value from online_migration.kept_value where key = '4'`),
    ).toEqual([{ key: '4', raw_value: '4.5' }]);
  });
});

describe('each change has a state of its own:', () => {
  /** The same column again, from the type that the first change has given it. */
  const again = changeOf('orders.total', {
    from: 'numeric(12,2)',
    to: 'text',
    newColumn: 'total_text',
    conversion: { forward: (value) => `${value}::text`, backward: (value) => `${value}::numeric(12,2)` },
  });

  it('a second change of the same column under the same name is refused, and deletes nothing', async () => {
    await runPhases(total, PHASES.up);
    await expect(runPhases(again, [expand])).rejects.toThrow(
      /A change called public\.orders\.total is recorded already.*declare another `name`/,
    );
    await runPhases(total, ALL_THE_WAY_BACK);
    expect(await texts()).toBe('1.5 2.5 3.50 4.5');
  });

  it('a second change of the same column under a name of its own leaves the first one its way back', async () => {
    const second = { ...again, name: 'public.orders.total 2' };
    await runPhases(total, PHASES.up);
    await runPhases(second, PHASES.up);
    await runPhases(second, ALL_THE_WAY_BACK);
    await runPhases(total, ALL_THE_WAY_BACK);
    expect(await texts()).toBe('1.5 2.5 3.50 4.5');
    expect(await client.value(`select to_regnamespace('online_migration')`)).toBeNull();
  });

  it('the package’s tables go with the last change, not with the first that is reverted', async () => {
    await client.rows(
      `create table item (id integer primary key, size integer not null); insert into item values (1, 1)`,
    );
    const size = changeOf('item.size', { from: 'integer', to: 'bigint', conversion: integerToBigint });
    await runPhases(size, PHASES.up);
    await runPhases(total, [...ENFORCED, ...PHASES.down.slice(2)]);
    await runPhases(size, ALL_THE_WAY_BACK);
    expect(await client.rows(`select id, size from item`)).toEqual([{ id: 1, size: 1 }]);
    expect(await client.value(`select to_regnamespace('online_migration')`)).toBeNull();
  });

  it('a way back whose kept values are gone says so before it starts, and can be told to do without', async () => {
    await runPhases(total, [...ENFORCED, contract]);
    await client.rows(`drop schema online_migration cascade`);
    await expect(runPhases(total, BACK_TO_ENFORCED)).rejects.toMatchObject(
      refusedWith(
        'KEPT_VALUES_LOST',
        /^Cannot revert the contract of public\.orders\.total; nothing was changed: .* is gone/,
      ),
    );
    await runPhases({ ...total, reviewed: ['kept values of public.orders.total'] }, BACK_TO_ENFORCED);
    expect(await texts()).toBe('1.50 2.50 3.50 4.50');
  });

  it('also if only the values are gone', async () => {
    await runPhases(total, [...ENFORCED, contract]);
    await client.rows(`delete from online_migration.kept_value`);
    await expect(runPhases(total, BACK_TO_ENFORCED)).rejects.toThrow(/nothing was changed: .* is gone/);
  });

  it.each([
    ['some values', '1.5 2.5 3.50 4.5'],
    ['nothing', '1.00 2.00 3.00 4.00'],
  ])(
    'a way back is not refused if a version without records has contracted it, and kept %s',
    async (_, expected) => {
      await client.rows(
        `update orders set total = split_part(u.value, ' ', id::int) from (values ($1)) as u (value)`,
        [expected],
      );
      await runPhases(total, [...ENFORCED, contract]);
      // That version did not have these tables; another change creates them.
      await client.rows(`
        drop table online_migration.change, online_migration.change_column, online_migration.definition, online_migration.phase, online_migration.unvalidated,
          online_migration.step;
        create table item (id integer primary key, size text not null)`);
      const size = changeOf('item.size', {
        from: 'text',
        to: 'numeric(12,2)',
        conversion: textToNumeric(12, 2),
      });
      await runPhases(size, [expand]);
      await runPhases(total, BACK_TO_ENFORCED);
      expect(await client.value(`select string_agg(total, ' ' order by id) from orders`)).toBe(expected);
    },
  );

  it('a phase whose key column is gone is refused, and writes go on', async () => {
    await runPhases(total, ENFORCED);
    await client.rows(`alter table orders rename id to number`);
    await expect(runPhases(total, [contract])).rejects.toMatchObject(
      refusedWith(
        'KEY_COLUMN_MISSING',
        /^Cannot contract public\.orders\.total: the table has no column id, which is in its `key`/,
      ),
    );
    await client.rows(`insert into orders (number, total) values (5, '5.5')`);
    await runPhases({ ...total, key: 'number' }, [contract]);
    await runPhases({ ...total, key: 'number' }, BACK_TO_ENFORCED);
    expect(await client.value(`select string_agg(total, ' ' order by number) from orders`)).toBe(
      '1.5 2.5 3.50 4.5 5.5',
    );
  });
});
