import { beforeEach, expect, it } from '@jest/globals';
import { backfill } from '../../../src/online-migration/phases/backfill.ts';
import { contract } from '../../../src/online-migration/phases/contract.ts';
import { enforce } from '../../../src/online-migration/phases/enforce.ts';
import { expand } from '../../../src/online-migration/phases/expand.ts';
import { revertContract } from '../../../src/online-migration/phases/revert-contract.ts';
import type { TestContext } from '../../support/change-cycle.ts';
import { eventChange } from '../../support/event-change.ts';
import { expectAllFilled, MOMENT } from '../../support/event-table.ts';
import { databasePerTest } from '../../support/tested-database.ts';

const ROWS = 1_000;

const database = databasePerTest(
  `create table event (id bigint primary key, at varchar(50) not null) with (autovacuum_enabled = false)`,
  `insert into event select n, ${MOMENT} from generate_series(1, ${ROWS}) as n`,
);
const { client } = database;
let opened: TestContext;

beforeEach(async () => {
  opened = await database.open(eventChange);
});

const nullFractions = async () =>
  Object.fromEntries(
    (await client.rows(`select attname, null_frac from pg_stats where tablename = 'event'`)).map(
      ({ attname, null_frac: share }) => [attname, share],
    ),
  );

it('the filled column has statistics behind the backfill, and the old one behind its fill on the way back', async () => {
  for (const phase of [expand, backfill]) await phase(opened);
  expect(await nullFractions()).toEqual({ at_new: 0 });
  for (const phase of [enforce, contract, revertContract]) await phase(opened);
  expect(await nullFractions()).toEqual({ at: 0, at_new: 0 });
});

it('the backfill ends without them where someone else has the lock, and the log says so', async () => {
  await expand(opened);
  await client.rows('begin');
  await client.rows('lock table event in share update exclusive mode');
  await backfill(opened);
  await client.rows('commit');
  await expectAllFilled(client, ROWS);
  expect(await nullFractions()).toEqual({});
  expect(opened.lines.filter((line) => line.includes('no statistics'))).toEqual([
    'backfill: no statistics of "at_new" yet (canceling statement due to lock timeout); ' +
      'run `analyze "public"."event" ("at_new")`, or wait for autovacuum',
  ]);
});
