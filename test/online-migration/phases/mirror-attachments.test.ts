import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Emit } from '../../../src/online-migration/change/events.ts';
import { integerToBigint } from '../../../src/online-migration/conversions/numbers/integer-to-bigint.ts';
import { textToNumeric } from '../../../src/online-migration/conversions/numbers/text-to-numeric.ts';
import { backfill } from '../../../src/online-migration/phases/backfill.ts';
import { revertBackfill } from '../../../src/online-migration/phases/revert-backfill.ts';
import { enforce } from '../../../src/online-migration/phases/enforce.ts';
import { expand } from '../../../src/online-migration/phases/expand.ts';
import { mirrorAttachments } from '../../../src/online-migration/phases/mirror-attachments.ts';
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

/** The copies of indexes in the database. */
const indexes = () =>
  client.value<
    string[]
  >(`select array_agg(indexrelid::regclass::text order by indexrelid::regclass::text) from pg_index where indrelid <> 0
    and indexrelid::regclass::text like '%mirror%'`);

describe('a copy of an index of a partitioned table that a killed enforce left', () => {
  const partitioned = changeOf('part.size', {
    key: ['id', 'n'],
    from: 'integer',
    to: 'bigint',
    conversion: integerToBigint,
  });

  /** Enforce ends before the first partition's index, behind that of the table; or behind all of them. */
  async function endEnforce(atPartitions: boolean): Promise<void> {
    const context = await database.open(partitioned);
    const ending = new AbortController();
    const emit: Emit = ({ type, message }) => {
      if (type === 'lock-held' && message.startsWith('enforce: create the index of the partitioned table'))
        ending.abort(new Error('ended'));
    };
    await expect(enforce({ ...context, emit, signal: ending.signal })).rejects.toThrow('ended');
    if (atPartitions)
      await client.rows(`create unique index concurrently low_n_size_idx_mirror on low (n, size_new)`);
  }

  beforeEach(async () => {
    await client.rows(`
      create table part (id bigint not null, n bigint not null, size integer not null, primary key (id, n)) partition by range (n);
      create table low partition of part for values from (minvalue) to (100);
      create table high partition of part for values from (100) to (maxvalue);
      create unique index on part (n, size);
      insert into part select n, n, n from generate_series(1, 200) as n`);
    const context = await database.open(partitioned);
    for (const phase of [expand, backfill]) await phase(context);
  });

  it.each([false, true])('is continued; with a partition already done: %j', async (atPartitions) => {
    await endEnforce(atPartitions);
    await enforce(await database.open(partitioned));
    expect(await indexes()).toEqual([
      'high_n_size_idx_mirror',
      'low_n_size_idx_mirror',
      'part_n_size_idx_mirror',
    ]);
    expect(await client.value(`select bool_and(indisvalid) from pg_index`)).toBe(true);
  });

  it.each([false, true])(
    'is dropped by the way back; with a partition already done: %j',
    async (atPartitions) => {
      await endEnforce(atPartitions);
      await revertBackfill(await database.open(partitioned));
      expect(await indexes()).toBeNull();
    },
  );

  it('is dropped by enforce if two rows become equal', async () => {
    await client.rows(`alter table part disable trigger user`);
    await client.rows(`insert into part (id, n, size, size_new) values (500, 5, 7, 5)`);
    await client.rows(`alter table part enable trigger user`);
    await expect(mirrorAttachments(await database.open(partitioned), 'enforce', 'old')).rejects.toMatchObject(
      refusedWith(
        'UNIQUE_CONFLICT',
        /part_n_size_idx is unique, and two rows that differ in size have the same/,
      ),
    );
    expect(await indexes()).toBeNull();
  });
});
