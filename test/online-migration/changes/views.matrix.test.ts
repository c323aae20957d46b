import { describe, expect, it } from '@jest/globals';
import { integerToBigint } from '../../../src/online-migration/conversions/numbers/integer-to-bigint.ts';
import { contract } from '../../../src/online-migration/phases/contract.ts';
import { backfill } from '../../../src/online-migration/phases/backfill.ts';
import { enforce } from '../../../src/online-migration/phases/enforce.ts';
import { expand } from '../../../src/online-migration/phases/expand.ts';
import { changedColumnOf } from '../../support/changed-column.ts';
import { phasesOf } from '../../../src/online-migration/phases/phases.ts';
import { PHASES } from '../../support/change-cycle.ts';
import { changeOf } from '../../support/change-of.ts';
import { SERVER_MAJOR } from '../../support/server-major.ts';
import { databasePerFile } from '../../support/tested-database.ts';
import { readViewCatalog } from '../../support/view-snapshot.ts';

const change = changeOf('part.size', { from: 'integer', to: 'bigint', conversion: integerToBigint });

const database = databasePerFile(
  `drop schema if exists "Odd ""Place" cascade`,
  `create schema "Odd ""Place"`,
  `create table part (id bigint primary key, name text, size integer not null)`,
  `create table box (id bigint primary key, size integer)`,
  `insert into part select n, 'part ' || n, n from generate_series(1, 100) as n`,
  `insert into box select n, n from generate_series(1, 50) as n`,
);
const { client } = database;

const INSTEAD = `
  create function write_big() returns trigger language plpgsql as $$ begin insert into box values (new.id, 1); return new; end $$`;

/** Statements that create views, and the view to read at the end. */
const VIEWS: Record<string, readonly [setup: string, view: string]> = {
  'the column itself': [`create view big as select id, size from part where size > 9`, 'big'],
  'all columns': [`create view big as select * from part`, 'big'],
  'a name of its own for the column': [
    `create view big (number, extent) as select id, size from part`,
    'big',
  ],
  'an aggregate': [
    `create view big as select name, sum(size) as total, max(size), avg(size)::numeric(12, 2) as mean from part group by name having min(size) > 0`,
    'big',
  ],
  'a window and a common table expression': [
    `create view big as with ranked as (select id, size, rank() over (order by size desc) from part) select * from ranked where rank < 9`,
    'big',
  ],
  'a recursive query': [
    `create recursive view big (size) as select min(size) from part union all select big.size + 1 from big where big.size < 9`,
    'big',
  ],
  'a union': [`create view big as select size from part union all select size from box`, 'big'],
  'a join on the column': [
    `create view big as select part.id, part.size, box.id as box from part join box on box.size = part.size`,
    'big',
  ],
  'the whole row': [`create view big as select id, size, to_jsonb(part) -> 'name' as name from part`, 'big'],
  'a subquery in its condition': [
    `create view big as select id from part p where exists (select from box where box.size = p.size)`,
    'big',
  ],
  'a string that looks like its table': [
    `create view big as select id, 'public.part' as label, size::text || 'public.part.size' as "public.part" from part`,
    'big',
  ],
  'the primary key as its only grouping': [
    `create view big as select part.id, name, part.size, count(box.id) from part left join box on box.size = part.id group by part.id`,
    'big',
  ],
  'three levels, over each other': [
    `create view a_last as select 1 as replaced;
     drop view a_last;
     create view z_first as select id, size from part;
     create view m_second as select id, size * 2 as twice from z_first;
     create view a_last as select z_first.id, twice, size from m_second join z_first using (id)`,
    'a_last',
  ],
  'the same name in another schema, under a view': [
    `create view "Odd ""Place".part as select id, size from part;
     create view "Odd ""Place"."Big ""view" as select id as "Odd ""id", size from "Odd ""Place".part where size > 1`,
    `"Odd ""Place"."Big ""view"`,
  ],
  options: [
    `create view big with (security_barrier) as select id, size from part where size > 9 with local check option;
     create view bigger with (security_barrier = false) as select * from big where size > 10 with cascaded check option`,
    'bigger',
  ],
  'comments and a default': [
    `create view big as select id, size from part;
     alter view big alter column size set default 7;
     comment on view big is 'it''s big'; comment on column big.size is 'in mm';
     comment on column big.id is 'the id'`,
    'big',
  ],
  'a rule': [
    `create view big as select id, size from part;
     create rule add as on insert to big do instead insert into part (id, size) values (new.id, new.size) returning id, size;
     create rule noted as on update to big where old.size <> new.size do also insert into box values (new.id + 1000, 1);
     create rule change as on update to big do instead update part set size = new.size where part.id = old.id;
     comment on rule add on big is 'adds'`,
    'big',
  ],
  triggers: [
    `${INSTEAD};
     create view big as select id, size from part;
     create trigger "Write it" instead of insert on big for each row execute function write_big('an argument');
     comment on trigger "Write it" on big is 'writes'`,
    'big',
  ],
  ...(SERVER_MAJOR >= 15 && {
    'the rights of its reader': [
      `create view big with (security_invoker = true) as select id, size from part`,
      'big',
    ],
  }),
};

describe('a view that uses the column', () => {
  it.each(Object.entries(VIEWS))('goes over and back, with %s', async (_, [setup, view]) => {
    await client.rows(setup);
    const catalog = await readViewCatalog(client);
    const values = await valuesOf(view);
    await using context = await database.open(change);
    for (const phase of PHASES.up) await phase(context);
    expect(await valuesOf(view)).toEqual(values);
    // The definitions are the same, as the column has the old name again.
    expect(withoutTypes(await readViewCatalog(client))).toEqual(withoutTypes(catalog));
    for (const phase of PHASES.down) await phase(context);
    expect(await valuesOf(view)).toEqual(values);
    expect(await readViewCatalog(client)).toEqual(catalog);
  });

  it('goes over and back with a contract that also renames', async () => {
    await client.rows(VIEWS['three levels, over each other']![0]);
    const catalog = await readViewCatalog(client);
    const values = await valuesOf('a_last');
    const together = { ...change, renameInContract: true };
    await using context = await database.open(together);
    const phases = phasesOf(changedColumnOf(together));
    for (const { up } of phases) await up(context);
    expect(await valuesOf('a_last')).toEqual(values);
    expect(withoutTypes(await readViewCatalog(client))).toEqual(withoutTypes(catalog));
    for (const { down } of phases.toReversed()) await down(context);
    expect(await valuesOf('a_last')).toEqual(values);
    expect(await readViewCatalog(client)).toEqual(catalog);
  });

  it('goes over and back with odd names of the table and its columns', async () => {
    await client.rows(`
      create table "Odd ""Place"."A ""table's" ("The id" bigint primary key, "a 'size""" integer not null);
      insert into "Odd ""Place"."A ""table's" select n, n from generate_series(1, 9) as n;
      create view "Odd ""Place"."View ""one" as select * from "Odd ""Place"."A ""table's" where "a 'size""" > 2;
      create view big as select "a 'size""" as size, 'A "table''s' as name from "Odd ""Place"."View ""one" as "it's"`);
    const catalog = await readViewCatalog(client);
    const values = await valuesOf('big');
    await using context = await database.open(
      changeOf(`A "table's.a 'size"`, {
        schema: 'Odd "Place',
        key: 'The id',
        from: 'integer',
        to: 'bigint',
        conversion: integerToBigint,
      }),
    );
    for (const phase of PHASES.up) await phase(context);
    expect(await valuesOf('big')).toEqual(values);
    for (const phase of PHASES.down) await phase(context);
    expect(await valuesOf('big')).toEqual(values);
    expect(await readViewCatalog(client)).toEqual(catalog);
  });

  it.each([
    ['a view', 'create view', `alter view big alter column extent set default 0`, change],
    ['a materialized view', 'create materialized view', `create index on big (extent)`, change],
    ['a view, if contract also renames', 'create view', 'select', { ...change, renameInContract: true }],
  ] as const)('comes back with its own constants and types: %s', async (_, create, statement, changed) => {
    await client.rows(`
      ${create} big as select id, coalesce(size, 0) as extent, array[size, 3] as sizes,
        case when size > 5 then size else 1 end as large, lag(size, 1, 0) over (order by id) as earlier from part;
      ${statement};
      create view "Bigger ""one" as select greatest(extent, 7) as extent, sizes from big`);
    const catalog = await readViewCatalog(client);
    await using context = await database.open(changed);
    const phases = phasesOf(changedColumnOf(changed));
    for (let round = 0; round < 2; round++) {
      for (const { up } of phases) await up(context);
      expect(await client.value(`select pg_typeof(extent)::text from "Bigger ""one" limit 1`)).toBe('bigint');
      for (const { down } of phases.toReversed()) await down(context);
      expect(await readViewCatalog(client)).toEqual(catalog);
    }
  });

  it('comes back as it is if it has been replaced since', async () => {
    await client.rows(`create view big as select id, coalesce(size, 0) as size from part`);
    await using context = await database.open(change);
    for (const phase of PHASES.up) await phase(context);
    await client.rows(`create or replace view big as select id, coalesce(size, 8) as size, name from part`);
    for (const phase of PHASES.down) await phase(context);
    expect(await client.value(`select pg_get_viewdef('big'::regclass)`)).toMatch(/8.*name/s);
  });

  it('goes over and back if its table has the name of a type that it uses', async () => {
    await client.rows(`
      create table "date" (id bigint primary key, size integer not null);
      create view big as select id, size, '2024-01-01'::date as since from "date"`);
    const catalog = await readViewCatalog(client);
    await using context = await database.open(
      changeOf('date.size', { from: 'integer', to: 'bigint', conversion: integerToBigint }),
    );
    for (const phase of [...PHASES.up, ...PHASES.down]) await phase(context);
    expect(await readViewCatalog(client)).toEqual(catalog);
  });

  it('has the new type from contract on, and can be written through', async () => {
    await client.rows(VIEWS['the column itself']![0]);
    await using context = await database.open(change);
    for (const phase of [expand, backfill, enforce]) await phase(context);
    expect(await client.value(`select pg_typeof(size)::text from big limit 1`)).toBe('integer');
    await contract(context);
    expect(await client.value(`select pg_typeof(size)::text from big limit 1`)).toBe('bigint');
    await client.rows(`insert into big values (1000, 3000000000)`);
    expect(await client.value(`select size_new::text from part where id = 1000`)).toBe('3000000000');
  });
});

/** All rows as texts. */
async function valuesOf(view: string): Promise<unknown> {
  return client.rows(`select v::text as row from ${view} as v order by 1`);
}

/** A sum of bigints is numeric, and its text is the same. */
function withoutTypes(catalog: Record<string, unknown>): unknown {
  return JSON.parse(JSON.stringify(catalog).replaceAll(/"type": ?"[^"]*"/g, '"type":""'));
}
