import { expect, it } from '@jest/globals';
import { changedColumnOf } from '../../support/changed-column.ts';
import type { ColumnChange, Conversion } from '../../../src/online-migration/change/column-change.ts';
import { integerToBigint } from '../../../src/online-migration/conversions/numbers/integer-to-bigint.ts';
import { backfill } from '../../../src/online-migration/phases/backfill.ts';
import { revertBackfill } from '../../../src/online-migration/phases/revert-backfill.ts';
import { contract } from '../../../src/online-migration/phases/contract.ts';
import { enforce, revertEnforce } from '../../../src/online-migration/phases/enforce.ts';
import { expand, revertExpand } from '../../../src/online-migration/phases/expand.ts';
import { phasesOf } from '../../../src/online-migration/phases/phases.ts';
import { rename, revertRename } from '../../../src/online-migration/phases/rename.ts';
import { revertContract } from '../../../src/online-migration/phases/revert-contract.ts';
import type { PhaseFunction } from '../../support/change-cycle.ts';
import { changeOf } from '../../support/change-of.ts';
import { describeFrom } from '../../support/server-major.ts';
import { databasePerTest } from '../../support/tested-database.ts';

const changeOfSize = (conversion: Conversion = integerToBigint) =>
  changeOf('part.size', { key: [], from: 'integer', to: 'bigint', conversion });
const change = changeOfSize();
const inContract = { ...change, renameInContract: true };
const LONG = `p${'art'.repeat(20)}`;
const [nullable, ofLongName] = ['part', LONG].map((table) =>
  changeOf(`${table}.size`, {
    key: [],
    from: 'integer',
    to: 'bigint',
    conversion: integerToBigint,
    nullable: true,
  }),
) as [ColumnChange, ColumnChange];
const NAMED = `size integer constraint "It's sized" not null`;
const COMMENT = `comment on constraint "It's sized" on part is 'Measured, it''s said'`;
const OWN = { name: "It's sized", comment: "Measured, it's said" };

const database = databasePerTest();
const { client } = database;

const run = (phases: readonly PhaseFunction[], declared = change) => database.runPhases(declared, phases);

/** The NOT NULLs of a column, by table. */
async function notNulls(column: string): Promise<Record<string, unknown>> {
  const rows = await client.rows<{ table: string; name: string; comment: string | null }>(`
    select c.conrelid::regclass::text as table, c.conname as name, obj_description(c.oid, 'pg_constraint') as comment
    from pg_constraint c join pg_attribute a on a.attrelid = c.conrelid and c.conkey = array[a.attnum]
    where c.contype = 'n' and a.attname = '${column}' order by 1`);
  return Object.fromEntries(rows.map(({ table, ...notNull }) => [table, notNull]));
}

describeFrom(18, 'the name and the comment of a NOT NULL', () => {
  it.each([
    ['of a table', `create table part (${NAMED})`, { part: OWN }],
    [
      'of a partitioned table',
      `create table part (${NAMED}, place integer) partition by list (place);
       create table first partition of part for values in (1)`,
      { part: OWN, first: { ...OWN, comment: null } },
    ],
  ])('%s stay above, half-way back and below', async (_, setup, expected) => {
    await client.rows(`${setup}; ${COMMENT}`);
    await run([expand, backfill, enforce, contract, rename]);
    expect(await notNulls('size')).toEqual(expected);
    await run([revertRename, revertContract]);
    expect(await notNulls('size')).toEqual(expected);
    await run([contract, rename]);
    expect(await notNulls('size')).toEqual(expected);
    await run([revertRename, revertContract, revertEnforce, revertBackfill, revertExpand]);
    expect(await notNulls('size')).toEqual(expected);
  });

  it('stay where there is no way back, too', async () => {
    await client.rows(`create table part (${NAMED}); insert into part values (1); ${COMMENT}`);
    const oneWay = changeOfSize({ ...integerToBigint, backward: 'not reversible' });
    await run([expand, backfill, enforce, contract, rename], oneWay);
    expect(await notNulls('size')).toEqual({ part: OWN });
  });

  it("of a partition that was a table of its own become the table's", async () => {
    await client.rows(`
      create table part (${NAMED}, place integer) partition by list (place);
      create table first (${NAMED.replace("It's", 'Its')}, place integer);
      alter table part attach partition first for values in (1); ${COMMENT}`);
    await run([expand, backfill, enforce, contract, rename]);
    const expected = { part: OWN, first: { ...OWN, comment: null } };
    expect(await notNulls('size')).toEqual(expected);
    await run([revertRename, revertContract, revertEnforce, revertBackfill, revertExpand]);
    expect(await notNulls('size')).toEqual(expected);
  });

  it('stay as they are where a partition that came meanwhile has another one, and nothing is refused', async () => {
    await client.rows(`create table part (${NAMED}, place integer) partition by list (place); ${COMMENT}`);
    await run([expand, backfill, enforce]);
    await client.rows(`
      create table first (${NAMED}, place integer, size_new bigint constraint sized not null);
      alter table part attach partition first for values in (1)`);
    await run([contract, rename, revertRename, revertContract, contract, rename]);
    expect(await notNulls('size')).toMatchObject({ first: { name: expect.any(String) } });
    await run([revertRename, revertContract, revertEnforce, revertBackfill, revertExpand]);
    expect(Object.keys(await notNulls('size'))).toEqual(['first', 'part']);
  });

  it.each<readonly [string, string, ColumnChange]>([
    ['of a plain table', `create table part (size integer not null)`, change],
    ['of a key', `create table part (size integer primary key)`, change],
    ['of an identity', `create table part (size integer generated always as identity primary key)`, change],
    ['of a change that renames in contract', `create table part (size integer not null)`, inContract],
    [
      'of a partitioned table',
      `create table part (size integer not null, place integer) partition by list (place);
       create table first partition of part for values in (1)`,
      change,
    ],
  ])('given by PostgreSQL stay as well: %s', async (_, setup, declared) => {
    await client.rows(setup);
    const before = await notNulls('size');
    const phases = phasesOf(changedColumnOf(declared));
    const up = phases.map((phase) => phase.up);
    const down = phases.map((phase) => phase.down).toReversed();
    await run(up, declared);
    expect(await notNulls('size')).toEqual(before);
    await run([...down.slice(0, -3), ...up.slice(3)], declared);
    expect(await notNulls('size')).toEqual(before);
    await run(down, declared);
    expect(await notNulls('size')).toEqual(before);
  });

  it.each<readonly [string, readonly string[], number, ColumnChange, string]>([
    ['that a subscriber had to lose', ['alter column size drop not null'], 3, change, 'part'],
    [
      'that a change with one phase less had to lose',
      ['alter column size drop not null'],
      3,
      inContract,
      'part',
    ],
    ['that was set at the interim column', ['alter column size_new set not null'], 4, nullable, 'part'],
    [
      'that was set at both columns',
      ['alter column size set not null', 'alter column size_new set not null'],
      3,
      nullable,
      'part',
    ],
    [
      'that was set at both, with a name cut by PostgreSQL',
      ['alter column size_new set not null'],
      4,
      ofLongName,
      LONG,
    ],
  ])('has the name of the column after the rename: %s', async (_, actions, after, declared, table) => {
    const isNullable = declared.columns[0]?.nullable ? '' : ' not null';
    await client.rows(`create table ${table} (size integer${isNullable})`);
    const phases = phasesOf(changedColumnOf(declared)).map((phase) => phase.up);
    await run(phases.slice(0, after), declared);
    for (const action of actions) await client.rows(`alter table ${table} ${action}`);
    await run(phases.slice(after), declared);
    await client.rows(`create schema other; create table other.${table} (size integer not null)`);
    const [expected] = await client.rows(
      `select conname as name, null as comment from pg_constraint where conrelid = 'other.${table}'::regclass`,
    );
    expect((await notNulls('size'))[table]).toEqual(expected);
  });
});
