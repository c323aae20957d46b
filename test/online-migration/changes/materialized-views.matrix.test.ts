import { describe, expect, it } from '@jest/globals';
import { integerToBigint } from '../../../src/online-migration/conversions/numbers/integer-to-bigint.ts';
import { textToNumeric } from '../../../src/online-migration/conversions/numbers/text-to-numeric.ts';
import { backfill } from '../../../src/online-migration/phases/backfill.ts';
import { contract } from '../../../src/online-migration/phases/contract.ts';
import { enforce, revertEnforce } from '../../../src/online-migration/phases/enforce.ts';
import { expand } from '../../../src/online-migration/phases/expand.ts';
import { revertContract } from '../../../src/online-migration/phases/revert-contract.ts';
import { PHASES } from '../../support/change-cycle.ts';
import { changeOf } from '../../support/change-of.ts';
import { refusedWith } from '../../support/refused-with.ts';
import { databasePerFile } from '../../support/tested-database.ts';
import { readViewCatalog } from '../../support/view-snapshot.ts';

const change = changeOf('part.size', { from: 'integer', to: 'bigint', conversion: integerToBigint });

const database = databasePerFile(
  `drop schema if exists "Odd ""Place" cascade`,
  `create schema "Odd ""Place"`,
  `create table part (id bigint primary key, name text, size integer not null)`,
  `create table box (id bigint primary key, size integer)`,
  `insert into part select n, 'part ' || n, n from generate_series(1, 100) as n`,
);
const { client } = database;

const STORED = `create materialized view stored as select id, size, name from part where size > 9`;

/** Statements that create materialized views, and the one to read. */
const VIEWS: Record<string, readonly [setup: string, view: string]> = {
  'nothing more': [STORED, 'stored'],
  'all its properties': [
    `create materialized view stored with (fillfactor = 70, autovacuum_enabled = false, toast.autovacuum_enabled = false) as
       select part.size, count(box.id) as boxes, max(name) as name from part left join box using (id) group by part.size;
     create unique index "Stored ""sizes" on stored (size);
     create index stored_large on stored ((size + 1), name desc) include (boxes) where size > 5;
     alter materialized view stored cluster on "Stored ""sizes";
     alter materialized view stored alter size set statistics 77;
     alter materialized view stored alter boxes set (n_distinct = 3);
     comment on materialized view stored is 'it''s stored';
     comment on column stored.size is 'in mm';
     comment on index stored_large is 'large';
     grant select on stored to public;
     grant select (size) on stored to pg_monitor with grant option`,
    'stored',
  ],
  'views over it': [
    `create materialized view "Odd ""Place"."Stored ""sizes" as select id, size from part;
     create index on "Odd ""Place"."Stored ""sizes" (size);
     create view big as select * from "Odd ""Place"."Stored ""sizes" where size > 9;
     create view biggest as select max(size) from big`,
    'biggest',
  ],
  'no rows yet': [`${STORED} with no data; create unique index on stored (size)`, 'part'],
};

describe('a materialized view that uses the column', () => {
  it.each(Object.entries(VIEWS))('goes over and back, with %s', async (_, [setup, view]) => {
    await client.rows(setup);
    const catalog = await readViewCatalog(client);
    const values = await valuesOf(view);
    await using context = await database.open(change);
    for (const phase of PHASES.up) await phase(context);
    expect(await valuesOf(view)).toEqual(values);
    expect(withoutTypes(await readViewCatalog(client))).toEqual(withoutTypes(catalog));
    for (const phase of PHASES.down) await phase(context);
    expect(await valuesOf(view)).toEqual(values);
    expect(await readViewCatalog(client)).toEqual(catalog);
  });

  it('has the new type from contract on, and can be refreshed', async () => {
    await client.rows(`${STORED}; create unique index on stored (id)`);
    await using context = await database.open(change);
    for (const phase of [expand, backfill, enforce, contract]) await phase(context);
    expect(await client.value(`select pg_typeof(size)::text from stored limit 1`)).toBe('bigint');
    await client.rows(`insert into part (id, size_new) values (1000, 3000000000)`);
    await client.rows(`refresh materialized view concurrently stored`);
    expect(await client.value(`select size::text from stored where id = 1000`)).toBe('3000000000');
    expect(context.lines.join('\n')).toContain(
      'contract: fills public.stored_mirror, beside reads and writes',
    );
  });

  it('is copied again by the next contract, if one was refused, and its copy goes with the way back', async () => {
    await client.rows(`${STORED}; create index on stored (size)`);
    const catalog = await readViewCatalog(client);
    await using context = await database.open(change);
    for (const phase of [expand, backfill, enforce]) await phase(context);
    const stopped = new AbortController();
    const emit: typeof context.emit = ({ type }) => {
      if (type === 'materialized-view-fill-started') stopped.abort(new Error('stopped'));
    };
    const stoppedContext = { ...context, emit, signal: stopped.signal };
    await expect(contract(stoppedContext)).rejects.toThrow('stopped');
    expect(await client.value(`select to_regclass('stored_mirror')::text`)).toBe('stored_mirror');
    await revertEnforce(context);
    expect(await client.value(`select to_regclass('stored_mirror')::text`)).toBeNull();
    expect(await readViewCatalog(client)).toEqual(catalog);
    for (const phase of [enforce, contract]) await phase(context);
    expect(await client.value(`select pg_typeof(size)::text from stored limit 1`)).toBe('bigint');
    expect(await client.value(`select to_regclass('stored_mirror')::text`)).toBeNull();
  });

  it('can be read at any time while contract and its way back run', async () => {
    await client.rows(STORED);
    await using context = await database.open(change);
    for (const phase of [expand, backfill, enforce]) await phase(context);
    const reader = await database.connect();
    const over = new AbortController();
    const running = (async () => {
      const counts = new Set<number>();
      while (!over.signal.aborted) counts.add(await reader.value<number>(`select count(*)::int from stored`));
      return counts;
    })();
    try {
      for (const phase of [contract, revertContract, revertEnforce]) await phase(context);
    } finally {
      over.abort();
    }
    expect([...(await running)]).toEqual([91]);
  });

  it('is found by contract, and copied by the next run, if it or an index of it came behind the copies', async () => {
    await client.rows(STORED);
    await using context = await database.open(change);
    for (const phase of [expand, backfill, enforce]) await phase(context);
    let attached: Promise<unknown> = Promise.resolve();
    const emit: typeof context.emit = ({ type }) => {
      // The statement waits for no lock that the fill holds.
      if (type === 'materialized-view-fill-started')
        attached = client.rows(`create index late on stored (size)`);
    };
    await expect(contract({ ...context, emit })).rejects.toMatchObject(
      refusedWith('ATTACHED_MEANWHILE', /late was made on size meanwhile/),
    );
    await attached;
    await contract(context);
    expect(await client.value(`select pg_get_indexdef('late'::regclass)`)).toMatch(
      /ON public.stored USING btree \(size\)/,
    );
  });

  it('is not filled if two values are equal in the new type, and says so', async () => {
    await client.rows(`
      create table price (id bigint primary key, price text not null);
      insert into price values (1, '1.0'), (2, '1.00');
      create materialized view prices as select price from price;
      create unique index on prices (price)`);
    await using context = await database.open(
      changeOf('price.price', { from: 'text', to: 'numeric(12,2)', conversion: textToNumeric(12, 2) }),
    );
    for (const phase of [expand, backfill, enforce]) await phase(context);
    await expect(contract(context)).rejects.toMatchObject(
      refusedWith(
        'MATERIALIZED_VIEW_NOT_FILLED',
        /the materialized view public\.prices cannot be filled for the other column: could not/,
      ),
    );
    expect(await client.value(`select count(*)::int from prices`)).toBe(2);
  });

  it.each([
    [
      `create view big as select id, size from part; create materialized view stored as select * from big`,
      'VIEW_NOT_CARRIED',
      'The view public.stored cannot go over by itself: it is a materialized view and uses public.big, which uses the column too.',
    ],
    [
      `${STORED}; create statistics sizes on id, size from stored`,
      'VIEW_NOT_CARRIED',
      'The view public.stored cannot go over by itself: it has extended statistics.',
    ],
    [
      `${STORED}; create table stored_mirror (id integer)`,
      'NAME_TAKEN',
      'There is public.stored_mirror already, and the change needs that name: rename the existing object.',
    ],
    [
      `create materialized view stored as select int4range(size, 999) as sizes from part`,
      'VIEW_NOT_CARRIED',
      'function int4range(bigint, integer) does not exist',
    ],
  ] as const)('is refused before the first statement: %s', async (setup, code, message) => {
    await client.rows(setup);
    await using context = await database.open(change);
    await expect(expand(context)).rejects.toMatchObject({
      code: 'OBSTACLES',
      details: { obstacles: [refusedWith(code, message)] },
    });
  });
});

async function valuesOf(view: string): Promise<unknown> {
  return client.rows(`select v::text as row from ${view} as v order by 1`);
}

function withoutTypes(catalog: Record<string, unknown>): unknown {
  return JSON.parse(JSON.stringify(catalog).replaceAll(/"type": ?"[^"]*"/g, '"type":""'));
}
