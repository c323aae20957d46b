import { expect, it } from '@jest/globals';
import { textToNumeric } from '../../../src/online-migration/conversions/numbers/text-to-numeric.ts';
import { backfill } from '../../../src/online-migration/phases/backfill.ts';
import { enforce } from '../../../src/online-migration/phases/enforce.ts';
import { expand } from '../../../src/online-migration/phases/expand.ts';
import { changeOf } from '../../support/change-of.ts';
import { refusedWith } from '../../support/refused-with.ts';
import { databasePerTest } from '../../support/tested-database.ts';

const change = changeOf('orders.total', {
  from: 'text',
  to: 'numeric(12,2)',
  conversion: textToNumeric(12, 2),
});

const database = databasePerTest();
const { client } = database;

it('enforce is refused if two rows differ in the old type and are equal in the new one', async () => {
  await client.rows(`create table orders (id integer primary key, total text not null unique)`);
  await client.rows(`insert into orders values (1, '1.5'), (2, '1.50')`);
  const context = await database.open(change);
  for (const phase of [expand, backfill]) await phase(context);
  const refused = enforce(context);
  await expect(refused).rejects.toMatchObject(
    refusedWith(
      'UNIQUE_CONFLICT',
      /orders_total_key is unique, and two rows that differ in total have the same/,
    ),
  );
  await expect(refused).rejects.toMatchObject({
    details: { change: 'public.orders.total', phase: 'enforce', index: 'orders_total_key' },
    cause: { code: '23505' },
  });
  await client.rows(`update orders set total = '2.5' where id = 2`);
  await enforce(context);
});

it('enforce is refused if a foreign key does not hold for the new column', async () => {
  await client.rows(`create table currency (code text primary key)`);
  await client.rows(`create table orders (id integer primary key, total text not null references currency)`);
  await client.rows(`insert into currency values ('eur'), ('EUR'), ('usd')`);
  await client.rows(`insert into orders values (1, 'eur'), (2, 'usd')`);
  const toCode = changeOf('orders.total', {
    from: 'text',
    to: 'varchar(3)',
    conversion: { forward: (value) => `upper(${value})`, backward: (value) => `lower(${value})` },
  });
  const context = await database.open(toCode);
  for (const phase of [expand, backfill]) await phase(context);
  const refused = enforce(context);
  await expect(refused).rejects.toMatchObject(
    refusedWith(
      'FOREIGN_KEY_VIOLATED',
      /the foreign key \S+ of \S+ does not hold for the other column: .*USD/,
    ),
  );
  await expect(refused).rejects.toMatchObject({ details: { phase: 'enforce' }, cause: { code: '23503' } });
  await client.rows(`insert into currency values ('USD')`);
  await enforce(context);
});
