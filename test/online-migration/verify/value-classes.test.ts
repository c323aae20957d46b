import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ChangedColumn } from '../../../src/online-migration/change/changed-column.ts';
import { changedColumnOf } from '../../support/changed-column.ts';
import { classifyValues } from '../../../src/online-migration/verify/value-classes.ts';
import { backfill } from '../../../src/online-migration/phases/backfill.ts';
import { revertBackfill } from '../../../src/online-migration/phases/revert-backfill.ts';
import { expand, revertExpand } from '../../../src/online-migration/phases/expand.ts';
import { openContext } from '../../support/change-cycle.ts';
import { changeOf } from '../../support/change-of.ts';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { eventColumn } from '../../support/event-change.ts';
import { createMigratedDatabase } from '../../support/event-project/migrator.ts';
import { insertEvents } from '../../support/event-table.ts';

/** More than one batch, so that groups have to be put together. */
const ROWS = 45_000;

const resources = new AsyncDisposableStack();
let client: DatabaseClient;
let url: string;

beforeAll(async () => {
  const database = resources.use(await createMigratedDatabase('0001'));
  url = database.url;
  client = resources.use(await connect(database.url));
  await insertEvents(client, ROWS);
  await client.rows(`update event set at = at || '.50' where id in (7, 30000, 44999)`);
  await client.rows(`update event set at = '01/02/2024' where id between 100 and 104`);
  await client.rows(`update event set at = '11/12/1999' where id = 41000`);
  await client.rows(`update event set at = 'now' where id = 2`);
});
afterAll(() => resources.disposeAsync());

describe('preflight', () => {
  it('puts every row into a class and a form, with the first samples', async () => {
    const reported: number[] = [];
    const groups = await classifyValues(client, eventColumn, ({ rows }) => reported.push(rows));
    expect(groups).toEqual([
      {
        column: 'at',
        valueClass: 'reject',
        form: '99/99/9999',
        rows: 6,
        samples: [100, 101, 102].map((id) => ({ key: String(id), value: '01/02/2024' })),
      },
      { column: 'at', valueClass: 'reject', form: 'aaa', rows: 1, samples: [{ key: '2', value: 'now' }] },
      {
        column: 'at',
        valueClass: 'kept',
        form: '9999-99-99 99:99:99.99',
        rows: 3,
        samples: ['7', '30000', '44999'].map((key) => ({ key, value: expect.stringMatching(/\.50$/) })),
      },
      {
        column: 'at',
        valueClass: 'rebuildable',
        form: '9999-99-99 99:99:99',
        rows: ROWS - 10,
        samples: ['1', '3', '4'].map((key) => ({ key, value: expect.stringMatching(/^2024-01-01 10:00:0/) })),
      },
    ]);
    expect(reported.at(-1)).toBe(ROWS);
  });

  it('says the same at every stage that has the old column, whatever the session is set to', async () => {
    const expected = await classifyValues(client, eventColumn, () => undefined);
    await client.rows(
      `select set_config('timezone', 'Asia/Kathmandu', false), set_config('datestyle', 'SQL, DMY', false)`,
    );
    expect(await classifyValues(client, eventColumn, () => undefined)).toEqual(expected);
  });

  it('compares what the way back gives with the old value as one of the old type', async () => {
    await client.rows(`create table amount (id bigint primary key, worth numeric not null)`);
    await client.rows(`insert into amount values (1, 7), (2, 7.0)`);
    const change = changedColumnOf(
      changeOf('amount.worth', {
        from: 'numeric',
        to: 'bigint',
        conversion: {
          forward: (value) => `case when ${value} % 1 = 0 then ${value}::bigint end`,
          backward: (value) => value,
        },
      }),
    );
    expect(await classifyValues(client, change, () => undefined)).toEqual([
      { column: 'worth', valueClass: 'kept', form: '9.9', rows: 1, samples: [{ key: '2', value: '7.0' }] },
      { column: 'worth', valueClass: 'rebuildable', form: '9', rows: 1, samples: [{ key: '1', value: '7' }] },
    ]);
  });

  it('takes key columns that are called as it calls the values', async () => {
    await client.rows(
      `create table audit (old_value bigint, place text, body text not null, primary key (old_value, place))`,
    );
    await client.rows(`insert into audit select n, 'here', 'text' from generate_series(1, 20001) as n`);
    const change = changedColumnOf(
      changeOf('audit.body', {
        key: ['old_value', 'place'],
        from: 'text',
        to: 'varchar(10)',
        conversion: { forward: (value) => `${value}::varchar(10)`, backward: (value) => `${value}::text` },
      }),
    );
    expect(await classifyValues(client, change, () => undefined)).toMatchObject([
      { valueClass: 'rebuildable', rows: 20_001, samples: [{ key: '[1, "here"]' }, {}, {}] },
    ]);
  });

  it('leaves a value of a fixed length as long as it is', async () => {
    await client.rows(`create table country (id bigint primary key, code char(3) not null)`);
    await client.rows(`insert into country values (1, 'ABC')`);
    const change = changedColumnOf(
      changeOf('country.code', {
        from: 'char(3)',
        to: 'text',
        conversion: { forward: (value) => `${value}::text`, backward: (value) => `${value}::char(3)` },
      }),
    );
    expect(await classifyValues(client, change, () => undefined)).toMatchObject([
      { valueClass: 'rebuildable', rows: 1 },
    ]);
  });

  it('finds each value for which the conversion raises an error, and goes on', async () => {
    await client.rows(`create table price (id bigint primary key, worth text not null)`);
    await client.rows(`
      insert into price select n, case when n in (900, 901, 29000) then 'n/a' when n % 2 = 0 then '7' else '007' end
      from generate_series(1, 30000) as n`);
    const change = raising({ table: 'price', key: 'id' });
    expect(await classifyValues(client, change, () => undefined)).toEqual([
      {
        column: 'worth',
        valueClass: 'reject',
        form: 'a/a',
        rows: 3,
        samples: ['900', '901', '29000'].map((key) => ({ key, value: 'n/a' })),
        error: 'invalid input syntax for type integer: "n/a"',
      },
      { column: 'worth', valueClass: 'kept', form: '999', rows: 14_999, samples: expect.anything() },
      { column: 'worth', valueClass: 'rebuildable', form: '9', rows: 14_998, samples: expect.anything() },
    ]);
  });

  it.each(['AB001', '2F005', '23514', 'P0001'])(
    'goes on after an error with the code %s, which a function of the user raises, as the backfill does',
    async (code) => {
      await client.rows(`
        drop table if exists coded; create table coded (id bigint primary key, worth text not null);
        insert into coded select n, case when n in (3, 400) then 'n/a' else n::text end from generate_series(1, 500) as n;
        create or replace function number_of(value text) returns integer language plpgsql immutable as $$
        begin
          if value = 'n/a' then raise exception 'no number: %', value using errcode = '${code}'; end if;
          return value::integer;
        end $$`);
      const declared = changeOf('coded.worth', {
        from: 'text',
        to: 'integer',
        conversion: {
          forward: (value) => `public.number_of(${value})`,
          backward: (value) => `${value}::text`,
        },
      });
      const groups = await classifyValues(client, changedColumnOf(declared), () => undefined);
      expect(groups.filter(({ valueClass }) => valueClass === 'reject')).toEqual([
        {
          column: 'worth',
          valueClass: 'reject',
          form: 'a/a',
          rows: 2,
          samples: ['3', '400'].map((key) => ({ key, value: 'n/a' })),
          error: 'no number: n/a',
        },
      ]);
      await using context = await openContext(url, declared);
      await expand(context);
      await backfill(context);
      expect(
        await client.rows(
          `select key, reason from online_migration.reject where change = 'public.coded.worth' order by 1`,
        ),
      ).toEqual(['3', '400'].map((key) => ({ key, reason: 'no number: n/a' })));
      await revertBackfill(context);
      await revertExpand(context);
    },
  );

  it.each(['', 'partition by hash (worth)'])(
    'reads each row of a table without a key once %s',
    async (partitioned) => {
      await client.rows(
        `drop table if exists journal; create table journal (worth text not null, filler text) ${partitioned}`,
      );
      if (partitioned !== '') {
        for (const remainder of [0, 1]) {
          await client.rows(
            `create table journal_${remainder} partition of journal for values with (modulus 2, remainder ${remainder})`,
          );
        }
      }
      await client.rows(`
      insert into journal select case when n in (5, 25000) then 'n/a' else n::text end, repeat('x', n % 90)
      from generate_series(1, 30000) as n`);
      await client.rows(
        `delete from journal where worth <> 'n/a' and worth::integer between 10000 and 20000`,
      );
      const rows: number[] = [];
      const groups = await classifyValues(client, raising({ table: 'journal', key: [] }), (event) =>
        rows.push(event.rows),
      );
      expect(groups.filter(({ valueClass }) => valueClass === 'reject')).toMatchObject([
        { form: 'a/a', rows: 2, samples: [{ value: 'n/a' }, { value: 'n/a' }] },
      ]);
      expect(groups.reduce((sum, group) => sum + group.rows, 0)).toBe(19_999);
      expect(rows.at(-1)).toBe(19_999);
    },
  );

  it('ends with an error that does not lie in a value', async () => {
    await client.rows(
      `create table pad (id bigint primary key, worth text not null); insert into pad values (1, '1')`,
    );
    const change = changeOf('pad.worth', {
      from: 'text',
      to: 'integer',
      conversion: { forward: (value) => `no_such_function(${value})`, backward: (value) => `${value}::text` },
    });
    await expect(classifyValues(client, change, () => undefined)).rejects.toThrow(
      'function no_such_function(text) does not exist',
    );
  });
});

/** A change of `worth`, from text to integer, that raises an error if it should give null. */
function raising({ table, key }: { table: string; key: string | string[] }): ChangedColumn {
  return changedColumnOf(
    changeOf(`${table}.worth`, {
      key,
      from: 'text',
      to: 'integer',
      conversion: { forward: (value) => `${value}::integer`, backward: (value) => `${value}::text` },
    }),
  );
}
