import { expect, it } from '@jest/globals';
import { integerToBigint } from '../../../src/online-migration/conversions/numbers/integer-to-bigint.ts';
import { backfill } from '../../../src/online-migration/phases/backfill.ts';
import { contract } from '../../../src/online-migration/phases/contract.ts';
import { enforce } from '../../../src/online-migration/phases/enforce.ts';
import { expand } from '../../../src/online-migration/phases/expand.ts';
import { revertContract } from '../../../src/online-migration/phases/revert-contract.ts';
import { PHASES } from '../../support/change-cycle.ts';
import { changeOf } from '../../support/change-of.ts';
import { readSchema } from '../../support/schema-snapshot.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const change = changeOf('part.size', {
  from: { type: 'integer', default: '0' },
  to: { type: 'bigint', default: '0' },
  conversion: integerToBigint,
});

const database = databasePerFile(
  `create table "Odd ""whole""" (id integer primary key)`,
  `insert into "Odd ""whole""" select n from generate_series(0, 100) as n`,
  `create table part (
    id bigint generated always as identity primary key,
    size integer not null default 0 constraint "Odd ""key""" references "Odd ""whole""" on update set default on delete set default
      deferrable
  )`,
  `comment on constraint "Odd ""key""" on part is 'it''s odd'`,
  `insert into part (size) select n from generate_series(1, 50) as n`,
);
const { client } = database;

it.each([
  ['deleted', (id: number) => `delete from "Odd ""whole""" where id = ${id}`],
  ['updated', (id: number) => `update "Odd ""whole""" set id = id + 1000 where id = ${id}`],
])('a foreign key sets the default when its row is %s, with both columns there', async (_, statement) => {
  const before = await readSchema(client);
  const expectZeros = async (column: 'size' | 'size_new', expected: number) => {
    await client.rows(statement(expected));
    expect(await client.value(`select count(*)::int from part where ${column} = 0`)).toBe(expected);
  };
  await database.runPhases(change, [expand, backfill, enforce]);
  await expectZeros('size', 1);
  await database.runPhases(change, [contract]);
  await expectZeros('size_new', 2);
  await database.runPhases(change, [revertContract]);
  await expectZeros('size', 3);
  expect(await client.value('select count(*)::int from part where size = size_new')).toBe(50);
  // And forward again from there.
  await database.runPhases(change, [contract]);
  await expectZeros('size_new', 4);
  await database.runPhases(change, [revertContract, ...PHASES.down.slice(2)]);
  await expectZeros('size', 5);
  expect(await readSchema(client)).toEqual(before);
});
