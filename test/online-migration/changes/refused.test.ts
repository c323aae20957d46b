import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ColumnChange } from '../../../src/online-migration/column-change.ts';
import { integerToBigint } from '../../../src/online-migration/conversions/integer-to-bigint.ts';
import { textToEnum } from '../../../src/online-migration/conversions/text-to-enum.ts';
import { expand } from '../../../src/online-migration/moves/expand.ts';
import { openContext } from '../../support/change-cycle.ts';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { readSchema } from '../../support/schema-snapshot.ts';
import { SERVER_MAJOR } from '../../support/server-major.ts';
import { createTestDatabase } from '../../support/test-server.ts';

const change: ColumnChange = {
  table: { schema: 'public', name: 'part' },
  key: 'id',
  oldColumn: { name: 'size', type: 'integer' },
  newColumn: { name: 'size_new', type: 'bigint' },
  conversion: integerToBigint,
};

const TABLE = `create table part (id bigint primary key, name text, size integer not null)`;

const PARTITIONED = `drop table part; create table part (id bigint primary key, size integer not null) partition by list (id)`;
const FIRST = `create table first partition of part for values in (1)`;

const LONG = 'size_'.repeat(13);

type Obstacle = readonly [setup: string, reason: RegExp, declared?: Partial<ColumnChange>];

/** What is in the way, the declaration where it is another one, and how the error goes on behind the table's name. */
const OBSTACLES: readonly Obstacle[] = [
  [
    `create view big as select * from part where size > 9`,
    /rule _RETURN on view big depends on size and cannot/,
  ],
  [`alter table part add check (size > 0)`, /constraint part_size_check on table part depends on size/],
  [
    `alter table part add twice integer generated always as (size * 2) stored`,
    /default value for column twice of table part depends on size|column twice of table part depends on size/,
  ],
  [
    `create function f() returns trigger language plpgsql as $$ begin return new; end $$;
     create trigger watch before update of size on part for each row execute function f()`,
    /trigger watch on table part depends on size/,
  ],
  [
    `alter table part enable row level security; create policy mine on part using (size < 9)`,
    /policy mine on table part depends on size/,
  ],
  [`create statistics sizes on name, size from part`, /statistics object sizes depends on size/],
  [
    `create index halved on part ((size / 2))`,
    /The index halved cannot go over by itself: it has more than plain columns/,
  ],
  [
    `create index large on part (name) where size > 9`,
    /The index large cannot go over by itself: it has more than plain columns/,
  ],
  [
    `alter table part add exclude using btree (size with =)`,
    /part_size_excl cannot go over by itself: it is an exclusion constraint/,
  ],
  [
    `alter table part add unique (size) deferrable`,
    /part_size_key cannot go over by itself: its constraint is deferrable/,
  ],
  [
    `create unique index sized on part (size); alter table part replica identity using index sized`,
    /sized cannot go over by itself: it is the replica identity/,
  ],
  [
    `create table whole (id integer primary key); alter table part add foreign key (size) references whole on update cascade`,
    /The foreign key part_size_fkey of public\.part cannot go over by itself: it has an action on update/,
  ],
  [
    `create table whole (id integer primary key); alter table part add foreign key (size) references whole deferrable`,
    /part_size_fkey of public\.part cannot go over by itself: it is deferrable/,
  ],
  [
    `alter table part alter size set default 3`,
    /size has the default 3: declare `oldColumn\.default` exactly so, for the way back, and `newColumn\.default`/,
  ],
  [
    `alter table part alter size set default 3`,
    /size has a default: declare `newColumn\.default` for the new type/,
    { oldColumn: { ...change.oldColumn, default: '3' } },
  ],
  [
    `select`,
    /size has no default: take `oldColumn\.default` out/,
    { oldColumn: { ...change.oldColumn, default: '3' }, newColumn: { ...change.newColumn, default: '3' } },
  ],
  [
    `create sequence sizes; alter table part alter size set default nextval('sizes')`,
    /The numbers of size come from public\.sizes: declare no default/,
    { newColumn: { ...change.newColumn, default: '3' } },
  ],
  [
    `alter table part alter size drop not null, alter size set default 3`,
    /size may be null and has a default: while both columns are there/,
    {
      nullable: true,
      oldColumn: { ...change.oldColumn, default: '3' },
      newColumn: { ...change.newColumn, default: '3' },
    },
  ],
  [
    `alter table part alter size drop not null`,
    /size may be null: declare `nullable: true`, or set it NOT NULL first/,
  ],
  [`select`, /size is NOT NULL, and the declaration says `nullable`/, { nullable: true }],
  [`alter table part alter size type smallint`, /size is smallint, and the declaration says integer/],
  [`alter table part add size_new text`, /It has a column size_new already/],
  [`select`, /It has no column ident: correct `key`/, { key: 'ident' }],
  [`select`, /Nothing says that name is unique and never null/, { key: 'name' }],
  [`alter table part drop constraint part_pkey`, /Nothing says that id is unique and never null/],
  [`create table child () inherits (part)`, /Other tables inherit from it/],
  [
    `create table base (size integer not null); drop table part; create table part (id bigint primary key) inherits (base)`,
    /It inherits size from another table/,
  ],
  [`grant select (size) on part to public`, /size has privileges of its own/],
  [
    // As a provider of labels would write it; it makes them out of `security label`.
    `set allow_system_table_mods = on;
     insert into pg_seclabel (objoid, classoid, objsubid, provider, label)
     values ('part'::regclass, 'pg_class'::regclass, 3, 'anon', 'MASKED WITH VALUE 0');
     reset allow_system_table_mods`,
    /size has a security label of anon, which it would lose/,
  ],
  [
    `alter table part drop size; alter table part add size integer generated always as (id + 1) stored not null`,
    /size is generated from other columns/,
  ],
  [
    `drop table part; create table part (id bigint, size integer not null, primary key (id, size)) partition by range (size)`,
    /size is in the partition key/,
    { key: ['id', 'size'] },
  ],
  [
    `drop table part; create table part (id bigint primary key, size integer not null) partition by hash (id);
     create index sizes on part (size)`,
    /The index sizes cannot go over by itself: the table is partitioned/,
  ],
  [
    `drop table part; create table whole (id bigint primary key, size integer not null) partition by hash (id);
     create table part partition of whole for values with (modulus 1, remainder 0)`,
    /It is a partition: change the table that it is a partition of/,
  ],
  [
    `drop table part; create table part (id bigint, size integer not null) partition by hash (abs(size))`,
    /size is in the partition key/,
    { key: [] },
  ],
  [
    `drop table part; create table part (id bigint, size integer not null) partition by list (id);
     create table first partition of part for values in (1) partition by range (size)`,
    /size is in the partition key/,
    { key: [] },
  ],
  [
    `${PARTITIONED}; ${FIRST}; create index sizes on first (size)`,
    /index sizes depends on size of the partition first and cannot go over/,
  ],
  [
    `${PARTITIONED}; ${FIRST}; alter table first add constraint positive check (size > 0)`,
    /constraint positive on table first depends on size of the partition first/,
  ],
  [
    `${PARTITIONED}; ${FIRST}; create view big as select id from first where size > 9`,
    /rule _RETURN on view big depends on size of the partition first/,
  ],
  [
    `${PARTITIONED}; ${FIRST}; create table whole (id integer primary key); alter table first add foreign key (size) references whole`,
    /constraint first_size_fkey on table first depends on size of the partition first/,
  ],
  [
    `${PARTITIONED}; ${FIRST}; alter table first alter size set default 3`,
    /size has a default of its own in the partition first: make the partition as its table is/,
  ],
  [
    `${PARTITIONED}; alter table part alter size drop not null; ${FIRST}; alter table first alter size set not null`,
    /size has a NOT NULL of its own in the partition first/,
    { nullable: true },
  ],
  [
    `${PARTITIONED}; ${FIRST}; alter table part add constraint positive check (size > 0)`,
    /constraint positive on table part depends on size and cannot go over by itself. Drop it, and make what takes its place when the change is done.$/,
  ],
  [
    `create index sizes on part (size)`,
    /The index sizes cannot be made for point: btree has no order for it/,
    { newColumn: { name: 'size_new', type: 'point' } },
  ],
  [
    `select`,
    /Values of type json cannot be compared with PostgreSQL's own `=`/,
    { newColumn: { name: 'size_new', type: 'json' } },
  ],
  [
    `create domain public.natural_number as bigint check (value >= 0)`,
    /public\.natural_number is a domain with constraints, for which the table would be rewritten/,
    { newColumn: { name: 'size_new', type: 'public.natural_number' } },
  ],
  [
    `create domain public.counted as bigint default 7`,
    /public\.counted has a default, which every row would get that is written through the other column/,
    { newColumn: { name: 'size_new', type: 'public.counted' } },
  ],
  [
    `select`,
    /The catalog writes numeric\(12\) as numeric\(12,0\): declare it so/,
    { newColumn: { name: 'size_new', type: 'numeric(12)' } },
  ],
  [
    `select`,
    /`newColumn\.type` is bigit, and that is none here: type "bigit" does not exist/,
    { newColumn: { name: 'size_new', type: 'bigit' } },
  ],
  [
    `select`,
    /`conversion\.backward` cannot be used: function narrow\(bigint\) does not exist/,
    { conversion: { ...integerToBigint, backward: (value) => `narrow(${value})` } },
  ],
  [
    `create type public.mood as enum ('calm'); alter table part alter size type text`,
    /`conversion\.forward` cannot be used: invalid input value for enum mood: "glad"/,
    {
      oldColumn: { name: 'size', type: 'text' },
      newColumn: { name: 'size_new', type: 'public.mood' },
      conversion: textToEnum('public.mood', ['calm', 'glad']),
    },
  ],
  [
    `alter table part alter size set default 3`,
    /`newColumn\.default` cannot be used: invalid input syntax for type bigint: "three"/,
    {
      oldColumn: { ...change.oldColumn, default: '3' },
      newColumn: { ...change.newColumn, default: `'three'` },
    },
  ],
  [
    `alter table part alter size add generated always as identity`,
    /The numbers of size come from public\.part_size_seq, which cannot count in text: .* drop the identity/,
    { newColumn: { name: 'size_new', type: 'text' } },
  ],
  [
    `create sequence sizes owned by part.size; alter table part alter size set default 2 * nextval('sizes')`,
    /The sequence public\.sizes belongs to size and would go with it: `alter sequence public\.sizes owned by none`/,
    {
      oldColumn: { ...change.oldColumn, default: `(2 * nextval('sizes'::regclass))` },
      newColumn: { ...change.newColumn, default: `2 * nextval('sizes')` },
    },
  ],
  [
    `select`,
    /id is in the primary key, and without a way back .* declare `conversion\.backward`/,
    {
      oldColumn: { name: 'id', type: 'bigint' },
      newColumn: { name: 'id_new', type: 'text' },
      conversion: { forward: (value) => `${value}::text`, backward: 'not reversible' },
    },
  ],
  [
    `alter table part alter size add generated always as identity`,
    /size is an identity, and without a way back/,
    { conversion: { ...integerToBigint, backward: 'not reversible' } },
  ],
  [
    `alter table part add unique (size); create table child (of_size integer references part (size))`,
    /size is what child_of_size_fkey of child refers to, and without a way back/,
    { conversion: { ...integerToBigint, backward: 'not reversible' } },
  ],
  [
    `create index sizes on part (size); create table sizes_mirror ()`,
    /There is sizes_mirror already, a name that the change needs for itself: rename what has it/,
  ],
  [
    `create table whole (id integer primary key); alter table part add constraint whole foreign key (size) references whole;
     alter table part add constraint whole_mirror check (id > 0)`,
    /There is the constraint whole_mirror of part already, a name that the change needs for itself/,
  ],
  [
    `alter table part add constraint size_new_filled check (id > 0)`,
    /There is the constraint size_new_filled of part already/,
  ],
  [
    `select`,
    new RegExp(`${LONG} is longer than the 63 bytes that PostgreSQL takes: declare a shorter`),
    { newColumn: { name: LONG, type: 'bigint' } },
  ],
  [
    `create table whole (id integer primary key); alter table part add foreign key (size) references whole`,
    /part_size_fkey of public\.part compares it with a integer, which is not comparable with text/,
    { newColumn: { name: 'size_new', type: 'text' } },
  ],
];

/** What older servers cannot have, by the major version from which on it can be. */
const NEWER_OBSTACLES: Readonly<Record<number, readonly Obstacle[]>> = {
  15: [
    [
      `create publication sizes for table part (id, size)`,
      /publication of table part in publication sizes depends on size/,
    ],
    [
      `alter table part add constraint sizes unique nulls not distinct (size)`,
      /size is in sizes, for which one null is like another, and without a way back/,
      { conversion: { ...integerToBigint, backward: 'not reversible' } },
    ],
  ],
  18: [
    [
      `create table whole (id integer primary key); alter table part add foreign key (size) references whole not enforced`,
      /part_size_fkey of public\.part cannot go over by itself: it is not enforced/,
    ],
    [
      `drop table part; create table part (
         id bigint primary key, size int4range not null, valid daterange not null,
         constraint sized unique (size, valid without overlaps)
       )`,
      /sized cannot go over by itself: its constraint is without overlaps/,
      {
        oldColumn: { name: 'size', type: 'int4range' },
        newColumn: { name: 'size_new', type: 'int8range' },
        conversion: {
          forward: (value) => `int8range(lower(${value}), upper(${value}))`,
          backward: (value) => `int4range(lower(${value})::integer, upper(${value})::integer)`,
        },
      },
    ],
  ],
};

let resources: AsyncDisposableStack;
let client: DatabaseClient;
let url: string;

beforeAll(async () => {
  resources = new AsyncDisposableStack();
  const database = resources.use(await createTestDatabase());
  url = database.url;
  client = resources.use(await connect(url));
});
afterAll(() => resources.disposeAsync());
beforeEach(async () => {
  await client.rows(
    `drop schema public cascade; drop publication if exists sizes; create schema public; ${TABLE}`,
  );
});

describe('expand refuses, with nothing changed,', () => {
  it.each([
    ...OBSTACLES,
    ...Object.entries(NEWER_OBSTACLES).flatMap(([since, obstacles]) =>
      SERVER_MAJOR < Number(since) ? [] : obstacles,
    ),
  ])('%s', async (setup, reason, declared = {}) => {
    await client.rows(setup);
    const before = await readSchema(client);
    await using context = await openContext(url, { ...change, ...declared });
    await expect(expand(context)).rejects.toThrow(
      new RegExp(
        `^Cannot change public\\.part\\.\\w+; nothing was changed:\\n(?:.*\\n)*  .*(?:${reason.source})`,
      ),
    );
    expect(await readSchema(client)).toEqual(before);
  });

  it('a server that is too old for its conversion', async () => {
    const conversion = { ...integerToBigint, serverVersion: 99 };
    await using context = await openContext(url, { ...change, conversion });
    await expect(expand(context)).rejects.toThrow(/Upgrade the server to PostgreSQL 99 or newer/);
  });
});
