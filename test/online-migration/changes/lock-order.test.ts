import { expect, it } from '@jest/globals';
import type { ColumnChange } from '../../../src/online-migration/change/column-change.ts';
import { integerToBigint } from '../../../src/online-migration/conversions/numbers/integer-to-bigint.ts';
import { contract } from '../../../src/online-migration/phases/contract.ts';
import { PHASES } from '../../support/change-cycle.ts';
import { changeOf } from '../../support/change-of.ts';
import { lockWaiter } from '../../support/lock-waits.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const database = databasePerFile(
  `create table bin (id integer primary key)`,
  `create table part (id integer primary key, bin_id integer not null references bin)`,
  `insert into bin select generate_series(1, 9)`,
  `insert into part select n, n from generate_series(1, 9) as n`,
);

/** The phase must wait in one try until the writer goes on. */
const LOCK_TIMEOUT_MS = 30_000;

const toBigint = { from: 'integer', to: 'bigint', conversion: integerToBigint };

/** The first lock of contract is on the changed table alone, the second one also on the other table. */
it.each<[string, ColumnChange, waits: number]>([
  ['the table that refers to another one', changeOf('part.bin_id', toBigint), 2],
  ['the table to which another one refers', changeOf('bin.id', toBigint), 1],
])('a phase locks %s in the order of a write', async (_, change, waits) => {
  await database.runPhases(change, PHASES.up.slice(0, 3));
  const writer = await database.connect();
  await writer.rows('begin');
  await writer.rows('lock table part in row exclusive mode');
  const opened = await database.open(change);
  const retries: string[] = [];
  const ended = contract({
    ...opened,
    settings: { ...opened.settings, lockTimeoutMs: LOCK_TIMEOUT_MS },
    emit: ({ type, message = '' }) => {
      if (type === 'lock-retry') retries.push(message);
    },
  });
  for (let left = waits; left > 0; left -= 1) {
    await lockWaiter(database.url);
    await writer.rows(`update part set bin_id = bin_id % 9 + 1 where id = 1`);
    await writer.rows('commit');
    if (left === 1) break;
    await writer.rows('begin');
    await writer.rows('lock table part in row exclusive mode');
  }
  await ended;
  expect(retries).toEqual([]);
});
