import { expect, it } from '@jest/globals';
import { runPhase } from '../../../src/online-migration/phases/run-phase.ts';
import { renameOf } from '../../support/change-of.ts';
import { refusedWith } from '../../support/refused-with.ts';
import { databasePerTest } from '../../support/tested-database.ts';

const database = databasePerTest(
  `create table orders (id bigint generated always as identity primary key, note text not null, memo text not null)`,
  `insert into orders (note, memo) values ('a note', 'a memo')`,
);
const { client } = database;

const first = renameOf('orders.note', 'remark');
const second = renameOf('orders.memo', 'note');
const third = renameOf('orders.remark', 'memo');

const run = (change: typeof first, direction: 'up' | 'down') =>
  runPhase(change, 'rename', direction, { connection: database.url });
const row = async () => (await client.rows(`select note, memo from orders`))[0];

it('a swap of two names is carried out by three renames, and taken back', async () => {
  for (const change of [first, second, third]) await run(change, 'up');
  expect(await row()).toEqual({ note: 'a memo', memo: 'a note' });
  for (const change of [third, second, first]) await run(change, 'down');
  expect(await row()).toEqual({ note: 'a note', memo: 'a memo' });
});

it('a rename that is recorded does not rename another column that has got the old name since', async () => {
  for (const change of [first, second, third]) await run(change, 'up');
  await expect(run(first, 'up')).rejects.toMatchObject(
    refusedWith('OBSTACLES', /the table has no column remark: its present column note may be another one/),
  );
  expect(await row()).toEqual({ note: 'a memo', memo: 'a note' });
});

it('a table that was made anew is renamed again', async () => {
  await run(first, 'up');
  await client.rows(`drop table orders`);
  await client.rows(`create table orders (id bigint primary key, note text not null)`);
  await run(first, 'up');
  expect(await client.rows(`select remark from orders`)).toEqual([]);
});
