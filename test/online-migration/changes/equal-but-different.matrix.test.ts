import { describe, expect, it } from '@jest/globals';
import { backfill } from '../../../src/online-migration/phases/backfill.ts';
import { contract } from '../../../src/online-migration/phases/contract.ts';
import { enforce } from '../../../src/online-migration/phases/enforce.ts';
import { expand } from '../../../src/online-migration/phases/expand.ts';
import { revertContract } from '../../../src/online-migration/phases/revert-contract.ts';
import { changeOf } from '../../support/change-of.ts';
import { databasePerTest } from '../../support/tested-database.ts';

/** Two values of a type that `=` calls equal, and that read differently. */
const TWINS = [
  ['numeric', '1.0', '1.00'],
  ['interval', '1 mon', '30 days'],
  ['jsonb', '{"a": 1.0}', '{"a": 1.00}'],
  ['double precision', '0', '-0'],
] as const;

const changeOfWorth = (from: string, to: string) =>
  changeOf('item.worth', {
    from,
    to,
    conversion: {
      forward: (value) => `${value}::text::${to}`,
      backward: (value) => `${value}::text::${from}`,
    },
  });

const database = databasePerTest();
const { client } = database;

describe('values that are equal and not the same', () => {
  it.each(TWINS)('of the old type %s: %s becomes %s in both columns', async (type, before, after) => {
    await client.rows(`create table item (id bigint primary key, worth ${type} not null)`);
    await client.rows(`insert into item select n, '${before}' from generate_series(1, 2) as n`);
    const context = await database.open(changeOfWorth(type, 'text'));
    for (const phase of [expand, backfill]) await phase(context);
    await client.rows(`update item set worth = '${after}' where id = 1`);
    expect(await client.value(`select worth_new from item where id = 1`)).toBe(after);
    for (const phase of [enforce, contract]) await phase(context);
    await client.rows(`update item set worth_new = '${after}' where id = 2`);
    await revertContract(context);
    expect(await client.rows(`select worth::text from item order by id`)).toEqual([
      { worth: after },
      { worth: after },
    ]);
  });

  it.each(TWINS)('of the new type %s: %s becomes %s in both columns', async (type, before, after) => {
    await client.rows(`create table item (id bigint primary key, worth text not null)`);
    await client.rows(`insert into item select n, '${before}' from generate_series(1, 2) as n`);
    const context = await database.open(changeOfWorth('text', type));
    for (const phase of [expand, backfill, enforce]) await phase(context);
    await client.rows(`update item set worth_new = '${after}' where id = 1`);
    await client.rows(`update item set worth = '${after}' where id = 2`);
    expect(await client.rows(`select worth, worth_new::text from item order by id`)).toEqual([
      { worth: after, worth_new: after },
      { worth: after, worth_new: after },
    ]);
    await contract(context);
  });

  it('reach the old column on the way back of contract, also where a text was kept that reads as the same', async () => {
    await client.rows(`create table item (id bigint primary key, worth text not null)`);
    // Without the space that jsonb writes: kept, both of them.
    await client.rows(`insert into item select n, '{"a":1.0}' from generate_series(1, 2) as n`);
    const context = await database.open(changeOfWorth('text', 'jsonb'));
    for (const phase of [expand, backfill, enforce, contract]) await phase(context);
    await client.rows(`update item set worth_new = '{"a": 1.00}' where id = 1`);
    await revertContract(context);
    expect(await client.rows(`select worth from item order by id`)).toEqual([
      { worth: '{"a": 1.00}' },
      { worth: '{"a":1.0}' },
    ]);
  });
});
