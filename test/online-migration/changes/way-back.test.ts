import { describe, expect, it } from '@jest/globals';
import { textToNumeric } from '../../../src/online-migration/conversions/numbers/text-to-numeric.ts';
import { textToUuid } from '../../../src/online-migration/conversions/documents/text-to-uuid.ts';
import { backfill } from '../../../src/online-migration/phases/backfill.ts';
import { revertBackfill } from '../../../src/online-migration/phases/revert-backfill.ts';
import { contract } from '../../../src/online-migration/phases/contract.ts';
import { enforce } from '../../../src/online-migration/phases/enforce.ts';
import { expand } from '../../../src/online-migration/phases/expand.ts';
import type { PhaseContext } from '../../../src/online-migration/phases/phase.ts';
import { rename } from '../../../src/online-migration/phases/rename.ts';
import { revertContract } from '../../../src/online-migration/phases/revert-contract.ts';
import { changeOf } from '../../support/change-of.ts';
import { databasePerTest } from '../../support/tested-database.ts';

const price = changeOf('item.price', {
  from: { type: 'text', default: `'0.00'::text` },
  to: { type: 'numeric(12,2)', default: '0' },
  conversion: textToNumeric(12, 2),
});

const serial = changeOf('item.serial', { key: 'serial', from: 'text', to: 'uuid', conversion: textToUuid });

const database = databasePerTest();
const { client } = database;

describe('while both columns are there', () => {
  it('a value that is written through the old one stands, also after the way back of contract', async () => {
    await client.rows(`
      create table item (
        id bigint generated always as identity primary key, price text not null default '0.00', name text
      )`);
    const context = await database.open(price);
    for (const phase of [expand, backfill, enforce, contract, revertContract]) await phase(context);
    await client.rows(`insert into item (price) values ('7.50')`);
    await client.rows(`insert into item (price_new) values (8.5)`);
    await client.rows(`insert into item (name) values ('by default')`);
    expect(await client.rows(`select price, price_new from item order by id`)).toEqual([
      { price: '7.50', price_new: '7.50' },
      { price: '8.50', price_new: '8.50' },
      { price: '0.00', price_new: '0.00' },
    ]);
  });

  it('a write during the fill of the way back reaches the other column, and its trigger is the one of enforce in the end', async () => {
    await client.rows(`
      create table item (id bigint generated always as identity primary key, price text not null default '0.00')`);
    await client.rows(`insert into item (price) select n || '.50' from generate_series(1, 100) as n`);
    const context = await database.open(price);
    const bodyOfTrigger = () =>
      client.value<string>(`
        select p.prosrc from pg_trigger t join pg_proc p on p.oid = t.tgfoid
        where t.tgrelid = 'item'::regclass order by t.tgname limit 1`);
    for (const phase of [expand, backfill, enforce]) await phase(context);
    const body = await bodyOfTrigger();
    await contract(context);
    const ending = new AbortController();
    const ended: PhaseContext = {
      ...context,
      signal: ending.signal,
      emit: (event) => {
        if (event.type === 'lock-held' && event.purpose === 'revert contract: add the old column')
          ending.abort(new Error('ended'));
      },
    };
    await expect(revertContract(ended)).rejects.toThrow('ended');
    expect(await client.value(`select count(price)::int from item`)).toBe(0);
    await client.rows(`update item set price = '7.70' where id = 1`);
    await client.rows(`update item set price_new = 8.80 where id = 2`);
    await client.rows(`update item set price = '9.9', price_new = 9.9 where id = 3`);
    await client.rows(`update item set price = '4.50' where id = 4`);
    await expect(client.rows(`update item set price = 'free' where id = 5`)).rejects.toThrow(
      "The value 'free' of column price has no equal of type numeric(12,2).",
    );
    expect(await client.rows(`select price, price_new from item where id < 6 order by id`)).toEqual([
      { price: '7.70', price_new: '7.70' },
      { price: '8.80', price_new: '8.80' },
      { price: '9.9', price_new: '9.90' },
      { price: '4.50', price_new: '4.50' },
      { price: null, price_new: '5.50' },
    ]);
    await revertContract(context);
    expect(
      await client.value(`select count(*)::int from item where price::numeric is distinct from price_new`),
    ).toBe(0);
    expect(await bodyOfTrigger()).toBe(body);
  });

  it('a way back of contract that was ended half-way does not keep the change from going on, also with a default', async () => {
    await client.rows(`
      create table item (id bigint generated always as identity primary key, price text not null default '0.00')`);
    await client.rows(`insert into item (price) select n || '.50' from generate_series(1, 100) as n`);
    const context = await database.open(price);
    for (const phase of [expand, backfill, enforce, contract]) await phase(context);
    const ending = new AbortController();
    const ended: PhaseContext = {
      ...context,
      signal: ending.signal,
      emit: (event) => {
        if (event.type === 'lock-held' && event.purpose === 'revert contract: add the old column')
          ending.abort(new Error('ended'));
      },
    };
    await expect(revertContract(ended)).rejects.toThrow('ended');
    expect(await client.value(`select count(*)::int from item where price is null`)).toBeGreaterThan(0);
    await rename(context);
    await client.rows(`insert into item default values`);
    expect(await client.value(`select price::text from item order by id desc limit 1`)).toBe('0.00');
  });

  it('a reject whose key is the column itself is named', async () => {
    await client.rows(`create table item (serial text primary key)`);
    await client.rows(`insert into item values ('no uuid'), ('00000000-0000-4000-8000-000000000001')`);
    const context = await database.open(serial);
    await expand(context);
    await backfill(context);
    await expect(enforce(context)).rejects.toThrow(
      /1 rows have a value that uuid cannot take.*\n {2}serial no uuid: "no uuid"/,
    );
  });

  it('a unique index that an ended enforce has left refuses no value any more once the backfill is reverted', async () => {
    await client.rows(`create table item (serial text primary key)`);
    await client.rows(`insert into item values ('00000000-0000-4000-8000-00000000000a')`);
    const context = await database.open(serial);
    await expand(context);
    await backfill(context);
    await client.rows(`create unique index item_pkey_mirror on item (serial_new)`);
    const capital = `insert into item values ('00000000-0000-4000-8000-00000000000A')`;
    await expect(client.rows(capital)).rejects.toThrow('item_pkey_mirror');
    await revertBackfill(context);
    await client.rows(capital);
    expect(await client.value(`select count(*)::int from item`)).toBe(2);
  });
});
