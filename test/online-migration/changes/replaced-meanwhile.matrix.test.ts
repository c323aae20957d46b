import { describe, expect, it } from '@jest/globals';
import { integerToBigint } from '../../../src/online-migration/conversions/numbers/integer-to-bigint.ts';
import { backfill } from '../../../src/online-migration/phases/backfill.ts';
import { contract } from '../../../src/online-migration/phases/contract.ts';
import { enforce } from '../../../src/online-migration/phases/enforce.ts';
import { expand } from '../../../src/online-migration/phases/expand.ts';
import { revertContract } from '../../../src/online-migration/phases/revert-contract.ts';
import { PHASES } from '../../support/change-cycle.ts';
import { changeOf } from '../../support/change-of.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const change = changeOf('part.size', { from: 'integer', to: 'bigint', conversion: integerToBigint });

const database = databasePerFile(
  `create table part (id bigint generated always as identity primary key, n bigint not null, size integer not null)`,
  `insert into part (n, size) select n, n from generate_series(1, 50) as n`,
  `create table whole (id integer primary key)`,
  `insert into whole select n from generate_series(0, 100) as n`,
);
const { client } = database;

const ENFORCED = [expand, backfill, enforce] as const;
const KEY = `alter table part add constraint of_whole foreign key (size) references whole`;

const INDEX_DEFINITIONS = `
  select indexdef as definition from pg_indexes where tablename = 'part' and indexname <> 'part_pkey' order by 1`;
const CONSTRAINTS = `
  select conname as name, pg_get_constraintdef(oid) as definition, convalidated as valid, obj_description(oid) as comment
  from pg_constraint
  where conrelid = 'part'::regclass and contype in ('c', 'f') order by 1`;

describe('an object that was replaced after enforce goes over as it is then:', () => {
  it.each([
    [
      `create index sizes on part (size)`,
      `drop index sizes; create unique index sizes on part (size, n)`,
      'CREATE UNIQUE INDEX sizes ON public.part USING btree (size, n)',
    ],
    [
      `create index sizes on part ((size / 2)) where n > 0`,
      `drop index sizes; create index sizes on part ((size + 1))`,
      'CREATE INDEX sizes ON public.part USING btree (((size + 1)))',
    ],
    [
      `create index sizes on part (size)`,
      `drop index sizes; create index sizes on part using hash (size)`,
      'CREATE INDEX sizes ON public.part USING hash (size)',
    ],
  ])('%s, then %s', async (first, second, definition) => {
    await client.rows(first);
    await database.runPhases(change, ENFORCED);
    await client.rows(second);
    await database.runPhases(change, PHASES.up.slice(ENFORCED.length));
    expect(await client.rows(INDEX_DEFINITIONS)).toEqual([{ definition }]);
  });

  it.each([
    [
      `alter table part add constraint limits check (size > 0)`,
      `alter table part drop constraint limits, add constraint limits check (size > -5) not valid`,
      `CHECK ((size > '-5'::integer)) NOT VALID`,
    ],
    [
      KEY,
      `alter table part drop constraint of_whole; ${KEY} on delete cascade`,
      'FOREIGN KEY (size) REFERENCES whole(id) ON DELETE CASCADE',
    ],
    [
      KEY,
      `alter table part alter constraint of_whole deferrable`,
      'FOREIGN KEY (size) REFERENCES whole(id) DEFERRABLE',
    ],
  ])('%s, then %s', async (first, second, definition) => {
    await client.rows(first);
    await database.runPhases(change, ENFORCED);
    await client.rows(second);
    await database.runPhases(change, PHASES.up.slice(ENFORCED.length));
    expect(await client.rows(CONSTRAINTS)).toMatchObject([{ definition, comment: null }]);
  });

  it('an index of a partitioned table', async () => {
    await client.rows(`
      drop table part;
      create table part (id bigint, n bigint not null, size integer not null, primary key (id, n)) partition by range (n);
      create table low partition of part for values from (0) to (100);
      create index sizes on part (size)`);
    const partitioned = { ...change, key: ['id', 'n'] };
    await database.runPhases(partitioned, ENFORCED);
    await client.rows(`drop index sizes; create unique index sizes on part (size, n)`);
    await database.runPhases(partitioned, PHASES.up.slice(ENFORCED.length));
    expect(await client.rows(INDEX_DEFINITIONS)).toEqual([
      { definition: 'CREATE UNIQUE INDEX sizes ON ONLY public.part USING btree (size, n)' },
    ]);
  });

  it('a unique index to which a foreign key refers', async () => {
    await client.rows(`
      create unique index sizes on part (size);
      create table piece (size integer constraint of_part references part (size)); insert into piece values (7)`);
    await database.runPhases(change, ENFORCED);
    await client.rows(`
      alter table piece drop constraint of_part; drop index sizes; create unique index sizes on part (size) include (n);
      alter table part add constraint kept unique (size);
      alter table piece add constraint of_part foreign key (size) references part (size) on delete cascade`);
    await database.runPhases(change, [contract]);
    await client.rows(`delete from part where size_new = 7`);
    expect(await client.rows('select from piece')).toEqual([]);
    await database.runPhases(change, [revertContract]);
    await client.rows(`drop index sizes; create unique index sizes on part (size_new)`);
    await database.runPhases(change, PHASES.down.slice(2));
    expect(await client.rows(CONSTRAINTS)).toEqual([]);
  });
});

const ATTACHED = `${KEY}; alter table part add constraint positive check (size > 0); create unique index sizes on part (size)`;

describe('the copy of an object that was dropped or renamed after enforce', () => {
  const dropped = `alter table part drop constraint of_whole, drop constraint positive; drop index sizes`;

  it('goes with contract', async () => {
    await client.rows(ATTACHED);
    await database.runPhases(change, ENFORCED);
    await client.rows(dropped);
    await database.runPhases(change, [contract]);
    expect([...(await client.rows(CONSTRAINTS)), ...(await client.rows(INDEX_DEFINITIONS))]).toEqual([]);
  });

  it('goes with the revert of enforce', async () => {
    await client.rows(ATTACHED);
    await database.runPhases(change, ENFORCED);
    await client.rows(dropped);
    await database.runPhases(change, PHASES.down.slice(2));
    expect([...(await client.rows(CONSTRAINTS)), ...(await client.rows(INDEX_DEFINITIONS))]).toEqual([]);
  });

  it('goes, and the renamed one goes over under its new name', async () => {
    await client.rows(ATTACHED);
    await database.runPhases(change, ENFORCED);
    await client.rows(`
      alter table part rename constraint of_whole to to_whole; alter table part rename constraint positive to above_zero;
      alter index sizes rename to lengths`);
    await database.runPhases(change, [contract]);
    expect(await client.rows(CONSTRAINTS)).toEqual([
      { name: 'above_zero', definition: 'CHECK ((size_new > 0))', valid: true, comment: null },
      {
        name: 'to_whole',
        definition: 'FOREIGN KEY (size_new) REFERENCES whole(id)',
        valid: true,
        comment: null,
      },
    ]);
    expect(await client.rows(INDEX_DEFINITIONS)).toEqual([
      { definition: 'CREATE UNIQUE INDEX lengths ON public.part USING btree (size_new)' },
    ]);
  });
});
