import { describe, expect, it } from '@jest/globals';
import { integerToBigint } from '../../../src/online-migration/conversions/numbers/integer-to-bigint.ts';
import { backfill } from '../../../src/online-migration/phases/backfill.ts';
import { revertBackfill } from '../../../src/online-migration/phases/revert-backfill.ts';
import { contract } from '../../../src/online-migration/phases/contract.ts';
import { enforce, revertEnforce } from '../../../src/online-migration/phases/enforce.ts';
import { expand, revertExpand } from '../../../src/online-migration/phases/expand.ts';
import { changeOf } from '../../support/change-of.ts';
import { refusedWith } from '../../support/refused-with.ts';
import { databasePerFile } from '../../support/tested-database.ts';
import { readViewCatalog } from '../../support/view-snapshot.ts';

const change = changeOf('part.size', { from: 'integer', to: 'bigint', conversion: integerToBigint });

const database = databasePerFile(
  `create table part (id bigint primary key, name text, size integer not null)`,
  `create table box (id bigint primary key, size integer)`,
  `insert into part select n, 'part ' || n, n from generate_series(1, 100) as n`,
);
const { client } = database;

const VIEW = `create view big as select id, size from part where size > 9`;
const BY_PLACE = 'its definition lists the columns of the table by their place, as an alias or `using` does';

const REFUSED: readonly (readonly [setup: string, reason: string])[] = [
  [
    `${VIEW}; create table kept (was big)`,
    'The view public.big cannot go over by itself: column was of table public.kept depends on it. Drop it, and',
  ],
  [
    `${VIEW}; create function f(of big) returns integer language sql as 'select 1'`,
    'function public.f(public.big) depends on it',
  ],
  [
    `${VIEW}; create function f() returns bigint language sql begin atomic select count(*) from big; end`,
    'function public.f() depends on it',
  ],
  [
    `${VIEW}; create rule noted as on insert to box do also insert into big values (new.id, 1)`,
    'rule noted on table public.box depends on it',
  ],
  [
    `${VIEW}; alter table box enable row level security;
     create policy few on box using (exists (select from big where big.id = box.id))`,
    'policy few on table public.box depends on it',
  ],
  [`create view big as select a, c from part as p (a, b, c)`, BY_PLACE],
  [
    `create function half(integer) returns integer language sql as 'select $1 / 2';
     create view big as select half(size) from part`,
    'function public.half(bigint) does not exist',
  ],
  [
    `create view big as select size from part; create view bigger as select size::text as shown, (array[1, 2])[size] from big;
     create view biggest as select int4range(size, 9) from big`,
    'The view public.biggest cannot go over by itself: function int4range(bigint, integer) does not exist',
  ],
  [
    `${VIEW}; create view other as select id, size from part;
     create rule a as on insert to big do also insert into other values (new.id, new.size);
     create rule b as on insert to other do also insert into big values (new.id, new.size)`,
    'it and other views use each other in a circle',
  ],
];

describe('a view that cannot go over', () => {
  it.each(REFUSED)('is refused before the first statement: %s', async (setup, reason) => {
    await client.rows(setup);
    const before = await readViewCatalog(client);
    await using context = await database.open(change);
    await expect(expand(context)).rejects.toMatchObject(refusedWith('OBSTACLES', reason));
    expect(await readViewCatalog(client)).toEqual(before);
    expect(await client.value(`select to_regnamespace('online_migration')`)).toBeNull();
  });

  it('is refused if only the way back is impossible', async () => {
    // Once the table has another column of the name, the catalog lists the columns for `using` by their places.
    await client.rows(`create view big as select size, part.id from part join box using (size)`);
    await using context = await database.open(change);
    await expect(expand(context)).rejects.toMatchObject(
      refusedWith('OBSTACLES', `on the way back, ${BY_PLACE}`),
    );
    await using oneWay = await database.open({
      ...change,
      columns: [
        {
          ...change.columns[0]!,
          nullable: true,
          conversion: { ...integerToBigint, backward: 'not reversible' },
        },
      ],
    });
    await client.rows(`alter table part alter size drop not null`);
    for (const phase of [expand, backfill, enforce, contract]) await phase(oneWay);
    expect(
      await client.value(
        `select data_type from information_schema.columns where (table_name, column_name) = ('big', 'size')`,
      ),
    ).toBe('bigint');
  });

  it('is refused if it uses both columns', async () => {
    await using context = await database.open(change);
    for (const phase of [expand, backfill, enforce]) await phase(context);
    await client.rows(`create view differing as select id from part where size <> size_new`);
    await expect(contract(context)).rejects.toMatchObject(
      refusedWith(
        'OBSTACLES',
        /The view public\.differing cannot go over by itself: column \S*size_new\S* does not exist/,
      ),
    );
    expect(await client.value(`select count(*)::int from differing`)).toBe(0);
  });

  it('stays with the new column when enforce is reverted, and is found by the revert of expand', async () => {
    await using context = await database.open(change);
    for (const phase of [expand, backfill, enforce]) await phase(context);
    await client.rows(`create view early as select id, size_new from part; create table kept (was early)`);
    for (const phase of [revertEnforce, revertBackfill]) await phase(context);
    await expect(revertExpand(context)).rejects.toMatchObject(
      refusedWith(
        'OBSTACLES',
        'The view public.early depends on size_new: drop it, or let it use another column.',
      ),
    );
    expect(await client.value(`select count(*)::int from early`)).toBe(100);
  });
});
