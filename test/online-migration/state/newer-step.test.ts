import { refusedWith } from '../../support/refused-with.ts';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readBackfillProgress } from '../../../src/online-migration/backfill/plan/progress.ts';
import { findObstacles } from '../../../src/online-migration/attachments/obstacles/obstacles.ts';
import { changedColumnOf } from '../../support/changed-column.ts';
import { backfill } from '../../../src/online-migration/phases/backfill.ts';
import { revertBackfill } from '../../../src/online-migration/phases/revert-backfill.ts';
import { contract } from '../../../src/online-migration/phases/contract.ts';
import { enforce, revertEnforce } from '../../../src/online-migration/phases/enforce.ts';
import { expand, revertExpand } from '../../../src/online-migration/phases/expand.ts';
import { rename, revertRename } from '../../../src/online-migration/phases/rename.ts';
import { revertContract } from '../../../src/online-migration/phases/revert-contract.ts';
import { readLockHolds } from '../../../src/online-migration/state/lock-holds.ts';
import { openContext } from '../../support/change-cycle.ts';
import { readSchema } from '../../support/schema-snapshot.ts';
import { changeOfTotal, createEarlierDatabase, type EarlierDatabase, TABLES } from './earlier-database.ts';

const NEWER = 'brought its tables in the schema online_migration to step 99';
const fresh = changeOfTotal('fresh');

let database: EarlierDatabase;
beforeAll(async () => {
  database = await createEarlierDatabase();
  await using context = await openContext(database.owner.url, changeOfTotal('backfilled'));
  await enforce(context);
  await revertEnforce(context);
  await database.admin.rows(`
    insert into online_migration.step (number) values (99);
    create table shop.fresh (id bigint primary key, total text not null);
    alter table shop.fresh owner to ${database.owner.name}`);
});
afterAll(async () => database[Symbol.asyncDispose]());

/** All that a phase could change: the catalog, and every row of the tables. */
async function readEverything() {
  const { admin } = database;
  const tables = await admin.rows<{ name: string }>(`
    select oid::regclass::text as name from pg_class
    where relkind = 'r' and relnamespace in ('online_migration'::regnamespace, 'shop'::regnamespace) order by 1`);
  const rows: Record<string, unknown> = {};
  for (const { name } of tables) {
    rows[name] = await admin.value(`select jsonb_agg(to_jsonb(t) order by t::text) from ${name} t`);
  }
  const functions = await admin.value(`
    select array_agg(format('%s %s', proname, xmin) order by proname) from pg_proc
    where pronamespace = 'online_migration'::regnamespace`);
  return { rows, functions, schema: await readSchema(admin) };
}

describe('a version of the package that does not know the newest step of the database', () => {
  it.each([
    { phase: expand, table: 'fresh' },
    { phase: backfill, table: 'expanded' },
    { phase: backfill, table: 'half_filled' },
    { phase: enforce, table: 'backfilled' },
    { phase: contract, table: 'enforced' },
    { phase: rename, table: 'contracted' },
    { phase: revertRename, table: 'renamed' },
    { phase: revertContract, table: 'contracted' },
    { phase: revertEnforce, table: 'enforced' },
    { phase: revertBackfill, table: 'backfilled' },
    { phase: revertExpand, table: 'expanded' },
  ])('refuses $phase.name before its first change', async ({ phase, table }) => {
    const before = await readEverything();
    expect(Object.keys(before.rows).length).toBeGreaterThan(10);
    await using context = await openContext(database.owner.url, changeOfTotal(table));
    await expect(phase(context)).rejects.toThrow(NEWER);
    await expect(phase(context)).rejects.toThrow(
      /nothing was changed:\n.* the installed version knows the steps up to \d+ only: run this command with the newer version\./,
    );
    expect(await readEverything()).toEqual(before);
  });

  it('says so before a change is begun', async () => {
    expect(await findObstacles(database.admin, changedColumnOf(fresh))).toMatchObject([
      refusedWith('STATE_NEWER', NEWER),
    ]);
  });

  it('reads the progress and the lock times', async () => {
    const { admin } = database;
    expect(await readBackfillProgress(admin, changedColumnOf(changeOfTotal('half_filled')))).toMatchObject({
      finished: false,
    });
    expect(await readBackfillProgress(admin, changedColumnOf(changeOfTotal('expanded')))).toBeNull();
    for (const { table } of TABLES) {
      expect((await readLockHolds(admin, changedColumnOf(changeOfTotal(table)))).length).toBeGreaterThan(0);
    }
  });
});
