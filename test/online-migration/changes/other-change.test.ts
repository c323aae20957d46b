import { describe, expect, it } from '@jest/globals';
import { textToNumeric } from '../../../src/online-migration/conversions/numbers/text-to-numeric.ts';
import { backfill } from '../../../src/online-migration/phases/backfill.ts';
import { contract } from '../../../src/online-migration/phases/contract.ts';
import { enforce } from '../../../src/online-migration/phases/enforce.ts';
import { expand } from '../../../src/online-migration/phases/expand.ts';
import { rename } from '../../../src/online-migration/phases/rename.ts';
import { databasePerFile } from '../../support/tested-database.ts';
import { changeOfPart } from './obstacles/obstacle.ts';

const ofSize = changeOfPart();
const ofId = changeOfPart({ column: 'id' });
const ofPrice = changeOfPart({
  column: 'price',
  from: 'text',
  to: 'numeric(12,2)',
  conversion: textToNumeric(12, 2),
});

const database = databasePerFile(
  `create table part (id integer primary key, size integer not null, price text not null)`,
);
const { client, runPhases } = database;

describe('a second change of a table', () => {
  it('is refused while the first one changes its key', async () => {
    await runPhases(ofId, [expand]);
    await expect(runPhases(ofSize, [expand])).rejects.toThrow(
      'The change public.part.id of this table is under way, and its contract and its rename would take id away from `key`. Finish it first.',
    );
    await runPhases(ofId, [backfill, enforce, contract]);
    await expect(runPhases({ ...ofSize, key: 'id_new' }, [expand])).rejects.toThrow(
      'would take id_new away from `key`',
    );
    await runPhases(ofId, [rename]);
    await runPhases(ofSize, [expand]);
  });

  it('is refused when it changes what the first one may know its rows by', async () => {
    await runPhases(ofSize, [expand]);
    await expect(runPhases(ofId, [expand])).rejects.toThrow(
      'The change public.part.size of this table is under way, and it may know its rows by id, which is in a unique index.',
    );
  });

  it('is refused when it changes the same column, or has the name of another change', async () => {
    await runPhases(ofSize, [expand]);
    const again = changeOfPart({ newColumn: 'wide', name: 'again' });
    await expect(runPhases(again, [expand])).rejects.toThrow(
      'The change public.part.size of this table is under way, and it changes size too.',
    );
    await client.rows(`create table note (id integer primary key, price text not null)`);
    const ofNote = { ...ofPrice, table: { schema: 'public', name: 'note' }, name: 'public.part.size' };
    await expect(runPhases(ofNote, [expand])).rejects.toThrow(
      'A change called public.part.size is recorded already, of public.part, size to size_new: declare another `name`.',
    );
  });

  it('of a column that was changed before needs a name of its own', async () => {
    await runPhases(ofSize, [expand, backfill, enforce, contract, rename]);
    const back = changeOfPart({
      from: 'bigint',
      to: 'text',
      newColumn: 'size_text',
      conversion: {
        forward: (value) => `${value}::text`,
        backward: (value) => `case when ${value} ~ '^[1-9][0-9]{0,17}$' then ${value}::bigint end`,
      },
    });
    await expect(runPhases(back, [expand])).rejects.toThrow(
      'A change called public.part.size is recorded already',
    );
    await runPhases({ ...back, name: 'part.size as text' }, [expand]);
  });

  it('of the table must not use the interim name of an earlier one again', async () => {
    await runPhases(ofSize, [expand, backfill, enforce, contract, rename]);
    const another = changeOfPart({ column: 'price', newColumn: 'size_new', from: 'text', to: 'varchar(20)' });
    await expect(runPhases(another, [expand])).rejects.toThrow(
      'The change public.part.size of this table has used the name size_new: declare another `to.name`.',
    );
  });

  it.each([
    [`create index by_both on part (size, price)`, 'by_both'],
    [`alter table part add constraint both_given check (size > 0 or price is not null)`, 'both_given'],
  ])('is refused while both would copy the same object: %s', async (setup, name) => {
    await client.rows(setup);
    await runPhases(ofSize, [expand]);
    await expect(runPhases(ofPrice, [expand])).rejects.toThrow(
      `The change public.part.size of this table is under way, and ${name} uses columns of both. Finish it first.`,
    );
    await runPhases(ofSize, [backfill, enforce, contract, rename]);
    await runPhases(ofPrice, [expand]);
  });

  it('passes when the two have nothing to do with each other', async () => {
    await runPhases(ofSize, [expand]);
    await runPhases(ofPrice, [expand, backfill, enforce, contract]);
    await runPhases(ofSize, [backfill, enforce, contract, rename]);
    await runPhases(ofPrice, [rename]);
    expect(
      await client.rows(
        `select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute
        where attrelid = 'part'::regclass and attname in ('size', 'price') order by attname`,
      ),
    ).toEqual([
      { name: 'price', type: 'numeric(12,2)' },
      { name: 'size', type: 'bigint' },
    ]);
  });
});

it('a table name that PostgreSQL truncates is refused before anything is changed', async () => {
  const long = 'part_'.repeat(13);
  await client.rows(`create table ${long} (id integer primary key, size integer not null)`);
  await expect(runPhases({ ...ofSize, table: { schema: 'public', name: long } }, [expand])).rejects.toThrow(
    `${long} is longer than the 63 bytes that PostgreSQL takes: declare \`table.name\` as it is in the catalog.`,
  );
  expect(await client.value(`select to_regnamespace('online_migration')`)).toBeNull();
});
