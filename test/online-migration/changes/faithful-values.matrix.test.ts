import { describe, expect, it } from '@jest/globals';
import type { Conversion } from '../../../src/online-migration/change/column-change.ts';
import { integerToBigint } from '../../../src/online-migration/conversions/numbers/integer-to-bigint.ts';
import { textToNumeric } from '../../../src/online-migration/conversions/numbers/text-to-numeric.ts';
import { textToTimestamptzOf } from '../../../src/online-migration/conversions/times/text-to-timestamptz.ts';
import { backfill } from '../../../src/online-migration/phases/backfill.ts';
import { contract } from '../../../src/online-migration/phases/contract.ts';
import { enforce } from '../../../src/online-migration/phases/enforce.ts';
import { expand } from '../../../src/online-migration/phases/expand.ts';
import { revertContract } from '../../../src/online-migration/phases/revert-contract.ts';
import { preflight } from '../../../src/online-migration/verify/preflight.ts';
import { changeOf } from '../../support/change-of.ts';
import { refusedWith } from '../../support/refused-with.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const database = databasePerFile(
  `create table item (id bigint primary key, worth text not null)`,
  `create domain tenths as numeric(12,1)`,
);
const { client } = database;

const unchanged: Conversion = { forward: (value) => value, backward: (value) => value };
const cents = textToNumeric(12, 2);
const anyNumber: Conversion = {
  forward: (value) => `${value}::numeric`,
  backward: (value) => `${value}::text`,
};
const inSeconds: Conversion = {
  forward: (value) => `${value}::interval`,
  backward: (value) => `${value}::text`,
};

const lowerCase = (value: string) => `case when (${value} || '') ~ '^[a-z]*$' then ${value} end`;
const word: Conversion = { forward: lowerCase, backward: (value) => value };
const shortWord: Conversion = {
  forward: (value) => `(${lowerCase(value)})::varchar(5)`,
  backward: (value) => `${value}::text`,
};

const changeTo = (to: string, conversion: Conversion, from = 'text') =>
  changeOf('item.worth', { from, to, conversion });

describe('a value that would change when it is stored is a reject', () => {
  it.each([
    ['numeric(12,1)', cents, '1.5', '1.25', '1.50'],
    ['numeric(3,1)', cents, '-99.9', '99.96', '99.9'],
    ['numeric(3,1)', cents, '0', '100', '-1.5'],
    ['numeric(4,1)', anyNumber, 'NaN', '1000', '1'],
    ['tenths', cents, '1.5', '1.25', '1.50'],
    ['varchar(3)', unchanged, 'abc', 'abcd', 'ab'],
    ['varchar(3)', unchanged, 'abc', 'abc ', 'ab'],
    ['interval(0)', inSeconds, '00:00:01', '00:00:01.5', '00:00:02'],
    ['interval day', inSeconds, '1 day', '26:00:00', '2 days'],
  ])('of %s', async (to, conversion, fits, changes, corrected) => {
    await client.rows(`insert into item values (1, $1), (2, $2)`, [fits, changes]);
    const change = changeTo(to, conversion);
    const { obstacles, values } = await preflight(change, { connection: database.url });
    expect(obstacles).toEqual([]);
    expect(values.find(({ valueClass }) => valueClass === 'reject')).toMatchObject({
      rows: 1,
      samples: [{ key: '2', value: changes }],
    });

    const context = await database.open(change);
    for (const phase of [expand, backfill]) await phase(context);
    await client.rows(`insert into item (id, worth) values (3, $1), (4, $2)`, [fits, changes]);
    expect(
      await client.rows(`select id::integer as id, worth_new is null as rejected from item order by id`),
    ).toEqual([
      { id: 1, rejected: false },
      { id: 2, rejected: true },
      { id: 3, rejected: false },
      { id: 4, rejected: true },
    ]);
    await expect(enforce(context)).rejects.toMatchObject(
      refusedWith('REJECTS_LEFT', /2 rows have a value that .* cannot take/),
    );
    await client.rows(`update item set worth = $1 where id in (2, 4)`, [corrected]);
    await enforce(context);
    await expect(client.rows(`update item set worth = $1 where id = 2`, [changes])).rejects.toThrow(
      'has no equal of type',
    );
    await contract(context);
  });
});

it('a value without an equal old value is found before contract is reverted', async () => {
  await client.rows(`alter table item alter worth type numeric(12,1) using 0`);
  await client.rows(`insert into item values (1, 1.5)`);
  const context = await database.open(changeTo('numeric', unchanged, 'numeric(12,1)'));
  for (const phase of [expand, backfill, enforce]) await phase(context);
  await expect(client.rows(`update item set worth_new = 1.25`)).rejects.toThrow(
    "The value '1.25' of column worth_new has no equal",
  );
  await contract(context);
  await client.rows(`update item set worth_new = 1.25`);
  await expect(revertContract(context)).rejects.toMatchObject(
    refusedWith('OBSTACLES', /some values of worth_new have no equal of type numeric\(12,1\)/),
  );
});

it.each([
  [
    'an integer that goes into a wider one',
    'integer',
    'bigint',
    { ...integerToBigint, forward: (value) => value },
  ],
  ['a text that goes into a varchar', 'text', 'varchar(9)', unchanged],
  ['a domain of the type', 'text', 'tenths', textToNumeric(12, 1)],
] satisfies [string, string, string, Conversion][])('%s is converted', async (_, from, to, conversion) => {
  await client.rows(`alter table item alter worth type ${from} using '1'`);
  await client.rows(`insert into item values (1, '7')`);
  await database.runPhases(changeTo(to, conversion, from), [expand, backfill, enforce]);
  expect(Number(await client.value(`select worth_new from item`))).toBe(7);
});

it('a change under way is refused if its corrected conversion has another type', async () => {
  await client.rows(`insert into item values (1, '1.5')`);
  await database.runPhases(
    changeTo('integer', { forward: (value) => `${value}::numeric::integer`, backward: 'not reversible' }),
    [expand],
  );
  const change = changeTo('integer', { ...cents, backward: 'not reversible' });
  await expect(database.runPhases(change, [backfill])).rejects.toMatchObject(
    refusedWith('OBSTACLES', /`conversion\.forward` gives values of type numeric, and `to\.type` is integer/),
  );
  const { obstacles } = await preflight(change, { connection: database.url });
  expect(obstacles.map(({ code }) => code)).toEqual(['CONVERSION_TYPE_DIFFERS']);
});

it.each([
  ['numeric(12,2)', cents, 1],
  ['numeric(12,1)', cents, 5],
  ['numeric', cents, 1],
  ['timestamptz(3)', textToTimestamptzOf(3), 1],
  ['timestamptz(6)', textToTimestamptzOf(6), 1],
  ['varchar(9)', word, 2],
  ['varchar(9)', shortWord, 1],
  ['varchar(5)', shortWord, 1],
  ['varchar(4)', shortWord, 2],
])('a conversion to %s computes a value only as often as it has to', async (to, conversion, times) => {
  await database.runPhases(changeTo(to, conversion), [expand]);
  const body = await client.value<string>(
    `select pg_get_functiondef('online_migration."public.item.worth forward"'::regproc)`,
  );
  expect(body.match(/\) ~ '/g)).toHaveLength(times);
});
