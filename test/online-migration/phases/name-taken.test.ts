import { describe, expect, it } from '@jest/globals';
import { backfill } from '../../../src/online-migration/phases/backfill.ts';
import { contract } from '../../../src/online-migration/phases/contract.ts';
import { enforce } from '../../../src/online-migration/phases/enforce.ts';
import { expand } from '../../../src/online-migration/phases/expand.ts';
import { refusedWith } from '../../support/refused-with.ts';
import { databasePerTest } from '../../support/tested-database.ts';
import { changeOfPart } from '../changes/obstacles/obstacle.ts';

const database = databasePerTest(
  `create table whole (id integer primary key); insert into whole values (1), (2)`,
  `create table part (id bigint generated always as identity primary key, n integer, size integer not null)`,
  `insert into part (n, size) values (1, 1), (2, 2)`,
);
const { client } = database;

/** The original, an object that takes the name of its copy meanwhile, and how to give the name back. */
const TAKEN: readonly (readonly [original: string, taken: string, message: RegExp, freed: string])[] = [
  [
    `create index "Odd ""sizes""" on part (size)`,
    `create table "Odd ""sizes""_mirror" (id integer)`,
    /relation "Odd "sizes"_mirror" already exists/,
    `drop table "Odd ""sizes""_mirror"`,
  ],
  [
    `alter table part add constraint sized check (size > 0)`,
    `alter table part add constraint sized_mirror check (n > 0)`,
    /constraint "sized_mirror" for relation "part" already exists/,
    `alter table part drop constraint sized_mirror`,
  ],
  [
    `alter table part add constraint of_whole foreign key (size) references whole`,
    `alter table part add constraint of_whole_mirror unique (n)`,
    /constraint "of_whole_mirror" for relation "part" already exists/,
    `alter table part drop constraint of_whole_mirror`,
  ],
];

describe('a name of a copy that somebody takes after expand', () => {
  it.each(TAKEN)(
    'is named by enforce, which goes on without it: %s; %s',
    async (original, taken, message, freed) => {
      await client.rows(original);
      const context = await database.open(changeOfPart());
      for (const phase of [expand, backfill]) await phase(context);
      await client.rows(taken);
      await expect(enforce(context)).rejects.toMatchObject({
        name: 'PhaseRefusedError',
        ...refusedWith(
          'NAME_TAKEN_MEANWHILE',
          new RegExp(
            `^Cannot change public\\.part\\.size: ${message.source}, and enforce needs that name\\. Rename the existing object, then run the same command again\\.$`,
          ),
        ),
        details: { change: 'public.part.size', phase: 'enforce' },
      });
      await client.rows(freed);
      for (const phase of [enforce, contract]) await phase(context);
    },
  );

  it('is named by enforce for an index of a partition, and the other index stays', async () => {
    await client.rows(`
      drop table part; create table part (id bigint not null, size integer not null, primary key (id)) partition by list (id);
      create table first partition of part for values in (1);
      create index sizes on part (size)`);
    const context = await database.open(changeOfPart());
    for (const phase of [expand, backfill]) await phase(context);
    await client.rows(`create index first_size_idx_mirror on whole (id)`);
    await expect(enforce(context)).rejects.toMatchObject(
      refusedWith(
        'NAME_TAKEN_MEANWHILE',
        /first_size_idx_mirror.* already exists, and enforce needs that name/,
      ),
    );
    expect(await client.value(`select to_regclass('first_size_idx_mirror') is not null`)).toBe(true);
    await client.rows(`drop index first_size_idx_mirror`);
    await enforce(context);
  });

  it('is named by enforce for the index of a partitioned table, and the other index stays', async () => {
    await client.rows(`
      drop table part; create table part (id bigint not null, size integer not null, primary key (id)) partition by list (id);
      create table first partition of part for values in (1);
      create index sizes on part (size)`);
    const context = await database.open(changeOfPart());
    for (const phase of [expand, backfill]) await phase(context);
    await client.rows(`create index sizes_mirror on whole (id)`);
    await expect(enforce(context)).rejects.toMatchObject(
      refusedWith('NAME_TAKEN_MEANWHILE', /sizes_mirror.* already exists, and enforce needs that name/),
    );
    expect(await client.value(`select to_regclass('sizes_mirror') is not null`)).toBe(true);
    await client.rows(`drop index sizes_mirror`);
    await enforce(context);
  });
});
