import { beforeEach, describe, expect, it } from '@jest/globals';
import { Pool } from 'pg';
import { ActiveColumnFollower } from '../../../src/online-migration/follow/active-column-follower.ts';
import { changedColumnOf } from '../../support/changed-column.ts';
import { integerToBigint } from '../../../src/online-migration/conversions/numbers/integer-to-bigint.ts';
import { backfill } from '../../../src/online-migration/phases/backfill.ts';
import { revertBackfill } from '../../../src/online-migration/phases/revert-backfill.ts';
import { contract } from '../../../src/online-migration/phases/contract.ts';
import { enforce, revertEnforce } from '../../../src/online-migration/phases/enforce.ts';
import { expand, revertExpand } from '../../../src/online-migration/phases/expand.ts';
import { mirrorAttachments } from '../../../src/online-migration/phases/mirror-attachments.ts';
import type { PhaseContext } from '../../../src/online-migration/phases/phase.ts';
import { rename, revertRename } from '../../../src/online-migration/phases/rename.ts';
import { revertContract } from '../../../src/online-migration/phases/revert-contract.ts';
import { changeOf } from '../../support/change-of.ts';
import { databasePerTest } from '../../support/tested-database.ts';

const CLIENTS = 8;
const ROUNDS = 300;

const PHASES = [
  [expand, backfill, enforce, contract, rename],
  [revertRename, revertContract, revertEnforce, revertBackfill, revertExpand],
].flat();

/** PostgreSQL cuts none of these names; the second one's mirror is cut by the package. */
const CONSTRAINTS = ['visit_page_key', 'the only row that counts the visits of a page of this site'];

const change = changeOf('visit.page', { from: 'integer', to: 'bigint', conversion: integerToBigint });

const database = databasePerTest();
const { client } = database;
let pool: Pool;
let context: PhaseContext;
let follower: ActiveColumnFollower;
/** How often units of work have begun. */
let begun: number;
let lastPage: number;

beforeEach(async () => {
  pool = new Pool({ connectionString: database.url, max: CLIENTS });
  database.defer(() => pool.end());
  context = await database.open(change);
  begun = 0;
  lastPage = 0;
});

async function createTable(constraint = CONSTRAINTS[0]!): Promise<void> {
  await client.rows(`
    create table visit (
      id bigint generated always as identity primary key, page integer not null, visits bigint not null,
      constraint "${constraint}" unique (page)
    )`);
  follower = new ActiveColumnFollower(changedColumnOf(change), pool);
  await follower.current();
}

const run = (sql: (column: string) => string, values: unknown[]) =>
  follower.run(({ name }) => {
    begun += 1;
    return pool.query(sql(name), values);
  });

const upsert = (page: number) =>
  run(
    (column) =>
      `insert into visit (${column}, visits) values ($1, 1) on conflict (${column}) do update set visits = visit.visits + 1`,
    [page],
  );

const insert = (page: number) =>
  run((column) => `insert into visit (${column}, visits) values ($1, 1)`, [page]);

/** All clients insert the same new row at once; returns their errors. */
async function upsertTogether(): Promise<unknown[]> {
  const page = (lastPage += 1);
  const results = await Promise.allSettled(Array.from({ length: CLIENTS }, () => upsert(page)));
  return results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
}

async function expectAllServed(rounds: number): Promise<void> {
  const failures: unknown[] = [];
  for (let round = 0; round < rounds; round += 1) failures.push(...(await upsertTogether()));
  expect(failures).toEqual([]);
  await expectAllCounted();
}

const expectAllCounted = async () =>
  expect(await client.rows(`select visits::int, count(*)::int from visit group by visits`)).toEqual([
    { visits: CLIENTS, count: lastPage },
  ]);

describe.each(CONSTRAINTS)(
  'while both columns have a unique index, "%s", upserts of the same rows',
  (constraint) => {
    it('fail none on the old column, before the switchover', async () => {
      await createTable(constraint);
      for (const phase of [expand, backfill]) await phase(context);
      await mirrorAttachments(context, 'enforce', 'old');
      await expectAllServed(ROUNDS);
    });

    it('fail none on the new column, before contract', async () => {
      await createTable(constraint);
      for (const phase of [expand, backfill, enforce]) await phase(context);
      await follower.refresh();
      await expectAllServed(ROUNDS);
    });
  },
);

it('fail none over a whole change and all the way back', async () => {
  await createTable();
  const failures: unknown[] = [];
  const over = new AbortController();
  const load = (async () => {
    while (!over.signal.aborted) failures.push(...(await upsertTogether()));
  })();
  for (const phase of PHASES) {
    const served = lastPage + 20;
    while (lastPage < served) await upsertTogether().then((failed) => failures.push(...failed));
    await phase(context);
  }
  over.abort();
  await load;
  expect(failures).toEqual([]);
  await expectAllCounted();
});

describe('a row that is there already', () => {
  it('fails once where only one index is', async () => {
    await createTable();
    await insert(1);
    begun = 0;
    await expect(insert(1)).rejects.toMatchObject({ code: '23505', constraint: 'visit_page_key' });
    expect(begun).toBe(1);
  });

  it('fails when it has failed twice where both are', async () => {
    await createTable();
    for (const phase of [expand, backfill, enforce]) await phase(context);
    await follower.refresh();
    await insert(1);
    begun = 0;
    await expect(insert(1)).rejects.toMatchObject({ code: '23505', constraint: 'visit_page_key' });
    expect(begun).toBe(2);
  });
});

it('a unit of work that PostgreSQL has ended in a deadlock runs again while there are two columns', async () => {
  await createTable();
  await client.rows(`insert into visit (page, visits) values (1, 0), (2, 0)`);
  await expand(context);
  const held = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const both = Promise.all(held.map(({ promise }) => promise));
  const updateBoth = (pages: readonly [number, number]) =>
    follower.run(async () => {
      begun += 1;
      const session = await pool.connect();
      try {
        await session.query('begin');
        await session.query('update visit set visits = visits + 1 where page = $1', [pages[0]]);
        held[pages[0] - 1]!.resolve();
        await both;
        await session.query('update visit set visits = visits + 1 where page = $1', [pages[1]]);
        await session.query('commit');
      } catch (error) {
        await session.query('rollback');
        throw error;
      } finally {
        session.release();
      }
    });
  await Promise.all([updateBoth([1, 2]), updateBoth([2, 1])]);
  expect(begun).toBe(3);
  expect(await client.rows(`select visits::int from visit`)).toEqual([{ visits: 2 }, { visits: 2 }]);
});
