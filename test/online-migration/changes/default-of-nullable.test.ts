import { expect, it } from '@jest/globals';
import { integerToBigint } from '../../../src/online-migration/conversions/numbers/integer-to-bigint.ts';
import { backfill } from '../../../src/online-migration/phases/backfill.ts';
import { contract } from '../../../src/online-migration/phases/contract.ts';
import { enforce, revertEnforce } from '../../../src/online-migration/phases/enforce.ts';
import { expand } from '../../../src/online-migration/phases/expand.ts';
import { revertContract } from '../../../src/online-migration/phases/revert-contract.ts';
import { changeOf } from '../../support/change-of.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const change = changeOf('part.size', {
  from: { type: 'integer', default: '7' },
  to: { type: 'bigint', default: '7' },
  conversion: integerToBigint,
  nullable: true,
  reviewed: ['default of size'],
});

const database = databasePerFile(
  `create table part (id bigint generated always as identity primary key, size integer default 7)`,
);
const { client } = database;

/** Inserts through a column, and reads the stored value. */
const inserted = (column: string, value: string) =>
  client.value<string | null>(`insert into part (${column}) values (${value}) returning ${column}::text`);

it('an insert gets its own value or null, and only a null through the new column gets the default', async () => {
  await database.runPhases(change, [expand]);
  expect([await inserted('size', 'default'), await inserted('size', 'null')]).toEqual(['7', null]);
  await database.runPhases(change, [backfill, enforce]);
  expect([
    await inserted('size', 'default'),
    await inserted('size', 'null'),
    await inserted('size', '8'),
  ]).toEqual(['7', null, '8']);
  const throughNew = [await inserted('size_new', 'default'), await inserted('size_new', '8')];
  expect(throughNew).toEqual(['7', '8']);
  // This is the one that a person has to review.
  expect(await inserted('size_new', 'null')).toBe('7');
  await client.rows(`update part set size_new = null where size_new = 8`);
  expect(await client.value(`select count(*)::int from part where size is null and size_new is null`)).toBe(
    4,
  );
  await database.runPhases(change, [contract]);
  expect([await inserted('size_new', 'default'), await inserted('size_new', 'null')]).toEqual(['7', null]);
  await database.runPhases(change, [revertContract, revertEnforce]);
  expect([await inserted('size', 'default'), await inserted('size', 'null')]).toEqual(['7', null]);
});
