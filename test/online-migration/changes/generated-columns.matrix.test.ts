import { expect, it, jest } from '@jest/globals';
import type { ColumnChange } from '../../../src/online-migration/change/column-change.ts';
import { integerToBigint } from '../../../src/online-migration/conversions/numbers/integer-to-bigint.ts';
import { varcharToText } from '../../../src/online-migration/conversions/texts/varchar-to-text.ts';
import { changedColumnOf } from '../../support/changed-column.ts';
import { contract } from '../../../src/online-migration/phases/contract.ts';
import { expand } from '../../../src/online-migration/phases/expand.ts';
import { expectFullCycle, openContext, PHASES, type PhaseFunction } from '../../support/change-cycle.ts';
import { changeOf } from '../../support/change-of.ts';
import { refusedWith } from '../../support/refused-with.ts';
import { createTableOwner } from '../../support/roles.ts';
import { readSchema, withColumnType } from '../../support/schema-snapshot.ts';
import { describeFrom } from '../../support/server-major.ts';
import { databasePerFile } from '../../support/tested-database.ts';
import { readViewCatalog } from '../../support/view-snapshot.ts';

const TABLE = `create table part (
  id bigint generated always as identity primary key, n bigint not null, name varchar(50), size integer not null
)`;
const ROWS = `insert into part (n, name, size) select n, 'part ' || n, n from generate_series(1, 100) as n`;

const declared = { from: 'integer', to: 'bigint', conversion: integerToBigint } as const;
const change = changeOf('part.size', declared);

const database = databasePerFile(
  `drop publication if exists sizes, parts; drop schema if exists "Odd ""Place" cascade`,
  TABLE,
  ROWS,
);
const { client } = database;

const DOUBLED = `alter table part add doubled bigint generated always as (size * 2)`;

/** Statements that make virtual columns. */
const COLUMNS: Record<string, string> = {
  'nothing more': DOUBLED,
  'an odd name and all properties': `
    alter table part add "Odd ""double""" bigint generated always as (size * 2) not null;
    comment on column part."Odd ""double""" is 'it''s odd';
    grant select ("Odd ""double"""), references (size) on part to public;
    grant select ("Odd ""double""") on part to pg_monitor with grant option`,
  'checks, with it and without it': `${DOUBLED};
    alter table part add constraint even check (doubled % 2 = 0), add constraint beside check (doubled > size or size < 1),
      add constraint positive check (size >= 0), add constraint named check (name <> '') no inherit;
    alter table part add constraint formerly check (n <> 5000) not valid;
    alter table part add constraint lax check (doubled <> 4) not enforced;
    comment on constraint even on part is 'it''s even'; comment on constraint named on part is 'has a name'`,
  'a not null constraint of its own name': `${DOUBLED};
    alter table part add constraint "Odd ""doubled""" not null doubled; comment on constraint "Odd ""doubled""" on part is 'never null'`,
  'a policy': `${DOUBLED};
    alter table part enable row level security; create policy mine on part using (doubled < 9000)`,
  'a trigger that tests it': `${DOUBLED};
    create function pass() returns trigger language plpgsql as $$ begin return new; end $$;
    create trigger watch after update on part for each row when (new.doubled > 10) execute function pass()`,
};

/** The virtual columns with their expressions, and the part of the file in which the rows are. */
const generated = () =>
  client.rows(`
    select a.attname, a.attgenerated, pg_get_expr(x.adbin, x.adrelid) as expression, pg_relation_filenode(a.attrelid) as file
    from pg_attribute a join pg_attrdef x on x.adrelid = a.attrelid and x.adnum = a.attnum
    where a.attrelid = 'part'::regclass and a.attgenerated <> '' order by a.attnum`);
const rows = () => client.rows(`select to_jsonb(part) - 'size_new' as row from part order by id`);

const read = async () => ({
  schema: await readSchema(client),
  views: await readViewCatalog(client),
  generated: await generated(),
  rows: await rows(),
});

/** Runs the change to its end and back, and compares the catalog and the values. */
async function expectUpAndDown(subject: ColumnChange): Promise<void> {
  const before = await read();
  await database.runPhases(subject, PHASES.up);
  const after = await read();
  const schema = withColumnType(before.schema, changedColumnOf(subject), { type: 'bigint', default: null });
  expect({ ...after.schema, package: null }).toEqual(schema);
  expect({ ...after, schema, views: before.views }).toEqual({ ...before, schema });
  await database.runPhases(subject, PHASES.down);
  expect(await read()).toEqual(before);
}

describeFrom(18, 'a virtual column that uses the column', () => {
  it.each(Object.entries(COLUMNS))('goes over and comes back, with %s', async (_, setup) => {
    await client.rows(setup);
    await expectUpAndDown(change);
  });

  it('goes over and comes back, with views over it', async () => {
    await client.rows(`${DOUBLED};
      create view doubles as select id, doubled from part where doubled > 9;
      create view both_sizes as select id, size::text as size, doubled from part`);
    await expectUpAndDown(change);
  });

  it('keeps the numbers of its constraints, views and privileges with it', async () => {
    await client.rows(`${DOUBLED}; create view doubles as select id, doubled from part`);
    const number = () =>
      client.value(
        `select attnum from pg_attribute where attrelid = 'part'::regclass and attname = 'doubled'`,
      );
    const view = () => client.value(`select 'doubles'::regclass::oid::text`);
    const before = [await number(), await view()];
    await database.runPhases(change, PHASES.up);
    expect([await number(), await view()]).toEqual(before);
  });

  it('gets its original expression back, byte for byte', async () => {
    await client.rows(`alter table part add shout text generated always as (upper(name) || 'x')`);
    const toText = changeOf('part.name', {
      from: 'varchar(50)',
      to: 'text',
      conversion: varcharToText(50),
      nullable: true,
    });
    const [{ expression }] = (await generated()) as [{ expression: string }];
    expect(expression).toBe(`(upper((name)::text) || 'x'::text)`);
    await database.runPhases(toText, PHASES.up);
    expect(await generated()).toMatchObject([{ expression: `(upper(name) || 'x'::text)` }]);
    await database.runPhases(toText, PHASES.down);
    expect(await generated()).toMatchObject([{ expression }]);
  });

  it('keeps its values and comes back, with expressions that PostgreSQL writes in another way', async () => {
    await client.rows(`
      alter table part add is_even boolean generated always as (size % 2 = 0),
        add label text generated always as (coalesce(name, '?') || ' of ' || size::text),
        add short varchar(60) generated always as (rpad(name, 60, size::text)),
        add least numeric(12, 2) generated always as (least(size, n)::numeric / 3)`);
    const before = { schema: await readSchema(client), rows: await rows() };
    await database.runPhases(change, PHASES.up);
    expect((await generated()).map(({ expression }) => expression)).toEqual([
      '((size % (2)::bigint) = 0)',
      `(((COALESCE(name, '?'::character varying))::text || ' of '::text) || (size)::text)`,
      'rpad((name)::text, 60, (size)::text)',
      '((LEAST(size, n))::numeric / (3)::numeric)',
    ]);
    expect(await rows()).toEqual(before.rows);
    await database.runPhases(change, PHASES.down);
    expect({ schema: await readSchema(client), rows: await rows() }).toEqual(before);
  });

  it('goes over in a table of another schema, with publications that list it', async () => {
    await client.rows(`
      create schema "Odd ""Place"; create table "Odd ""Place"."Odd ""part""" (id bigint primary key, "Odd ""size""" integer not null);
      alter table "Odd ""Place"."Odd ""part""" add doubled bigint generated always as ("Odd ""size""" * 2) check (doubled >= 0);
      insert into "Odd ""Place"."Odd ""part""" values (1, 1), (2, 2);
      create publication sizes for table "Odd ""Place"."Odd ""part""" (id, "Odd ""size""") where (id > 0);
      create publication parts for table "Odd ""Place"."Odd ""part""", part`);
    const published = () =>
      client.rows(`
        select pubname, schemaname, tablename, attnames, rowfilter from pg_publication_tables order by pubname, tablename`);
    const odd = changeOf('Odd "part".Odd "size"', {
      ...declared,
      schema: 'Odd "Place',
      reviewed: ['publication sizes', 'publication parts'],
    });
    const before = { schema: await readSchema(client), published: await published() };
    await database.runPhases(odd, PHASES.up);
    const type = { type: 'bigint', default: null };
    expect({ ...(await readSchema(client)), package: null }).toEqual(
      withColumnType(before.schema, changedColumnOf(odd), type),
    );
    expect(await published()).toEqual(before.published);
    await database.runPhases(odd, PHASES.down);
    expect({ schema: await readSchema(client), published: await published() }).toEqual(before);
  });

  it('goes over in a partitioned table, with checks that only a partition has', async () => {
    await client.rows(`
      drop table part;
      create table part (
        id bigint generated always as identity, n bigint not null, size integer not null, primary key (id, n)
      ) partition by range (n);
      create table low partition of part for values from (minvalue) to (100);
      create table "Middle ""part""" partition of part for values from (100) to (1000) partition by hash (id);
      create table middle_1 partition of "Middle ""part""" for values with (modulus 1, remainder 0);
      alter table part add doubled bigint generated always as (size * 2) not null, add constraint even check (doubled % 2 = 0);
      alter table low add constraint few check (n < 100);
      alter table middle_1 add constraint many check (id > 0); comment on constraint many on middle_1 is 'its own';
      insert into part (n, size) select n, n from generate_series(1, 200) as n`);
    await expectUpAndDown(changeOf('part.size', { ...declared, key: ['id', 'n'] }));
  });

  it('goes over if two changed columns are in its expression', async () => {
    await client.rows(`
      alter table part add width integer not null default 3; alter table part alter width drop default;
      alter table part add area bigint generated always as (size * width) check (area >= 0)`);
    const both: ColumnChange = {
      ...change,
      columns: [...change.columns, ...changeOf('part.width', declared).columns],
    };
    const before = { generated: await generated(), schema: await readSchema(client), rows: await rows() };
    await database.runPhases(both, PHASES.up);
    expect({ generated: await generated(), rows: await rows() }).toEqual({
      generated: before.generated,
      rows: before.rows,
    });
    await database.runPhases(both, PHASES.down);
    expect({ generated: await generated(), schema: await readSchema(client), rows: await rows() }).toEqual(
      before,
    );
  });

  it('is taken from the declaration, each way', async () => {
    await client.rows(
      `alter table part add doubled integer generated always as (size * 2) check (doubled > 0)`,
    );
    const withExpressions = changeOf('part.size', {
      ...declared,
      from: { type: 'integer', generated: { doubled: 'size * 2' } },
      to: { type: 'bigint', generated: { doubled: '(size * 2)::integer' } },
    });
    const before = { schema: await readSchema(client), rows: await rows() };
    const turnedBack: readonly PhaseFunction[] = [...PHASES.down.slice(0, 2), ...PHASES.up.slice(3)];
    for (const phases of [PHASES.up, turnedBack]) {
      await database.runPhases(withExpressions, phases);
      expect(await generated()).toMatchObject([{ expression: '((size * 2))::integer' }]);
      expect(await rows()).toEqual(before.rows);
    }
    await database.runPhases(withExpressions, PHASES.down);
    expect({ schema: await readSchema(client), rows: await rows() }).toEqual(before);
  });

  it('goes over with a role that owns the table and has no other right', async () => {
    await client.rows(`${DOUBLED}; alter table part add constraint even check (doubled % 2 = 0)`);
    await using owner = await createTableOwner(database.url, 'part');
    await client.rows(`grant usage on schema public to ${owner.name}`);
    await using context = await openContext(owner.url, change);
    const before = await readSchema(client);
    for (const phase of [...PHASES.up, ...PHASES.down]) await phase(context);
    expect({ ...(await readSchema(client)), package: null }).toEqual({ ...before, package: null });
  });

  it('is validated by the next run, if contract ended before it had validated its constraints', async () => {
    await client.rows(
      `${DOUBLED}; alter table part alter doubled set not null, add constraint even check (doubled % 2 = 0)`,
    );
    const before = await readSchema(client);
    await database.runPhases(change, PHASES.up.slice(0, 3));
    await using context = await database.open(change);
    const { session } = context;
    const query = session.query.bind(session);
    const cut = jest.spyOn(session, 'query').mockImplementation((text, values) => {
      if (text.includes('validate constraint')) throw new Error('The run has ended.');
      return query(text, values);
    });
    await expect(contract(context)).rejects.toThrow('The run has ended.');
    cut.mockRestore();
    const notValidated = () =>
      client.rows(
        `select conname from pg_constraint where conrelid = 'part'::regclass and not convalidated order by 1`,
      );
    expect(await notValidated()).toEqual([{ conname: 'even' }, { conname: 'part_doubled_not_null' }]);
    // It uses the new column already, and is right.
    expect(
      await client.value(`select count(*)::integer from part where doubled is distinct from size * 2`),
    ).toBe(0);
    await database.runPhases(change, PHASES.up.slice(3));
    expect(await notValidated()).toEqual([]);
    await database.runPhases(change, PHASES.down);
    expect(await readSchema(client)).toEqual(before);
  });

  it('goes back to the old column if the change turns back between the two', async () => {
    await client.rows(`${DOUBLED}; alter table part add constraint even check (doubled % 2 = 0)`);
    const before = { schema: await readSchema(client), generated: await generated() };
    const later = changeOf('part.size', {
      ...declared,
      from: { type: 'integer', generated: { doubled: 'size * 2' } },
      to: { type: 'bigint', generated: { doubled: 'case when n = 7 then 7 else size * 2 end' } },
    });
    await database.runPhases(later, PHASES.up.slice(0, 3));
    await using context = await database.open(later);
    await expect(contract(context)).rejects.toMatchObject(
      refusedWith(
        'CHECK_VIOLATED',
        /the constraint even of public\.part, CHECK \(\(\(doubled % .*, held for all rows, and with the other expression of a generated column it does not\. Correct the rows, or declare/,
      ),
    );
    await database.runPhases(later, PHASES.down.slice(2));
    expect({ schema: await readSchema(client), generated: await generated() }).toEqual(before);
  });

  it('is refused if the role may not alter a publication that lists its table', async () => {
    await client.rows(`${DOUBLED}; create publication sizes for table part`);
    await using owner = await createTableOwner(database.url, 'part');
    await client.rows(`grant usage on schema public to ${owner.name}`);
    const reviewed = changeOf('part.size', { ...declared, reviewed: ['publication sizes'] });
    await using context = await openContext(owner.url, reviewed);
    await expect(expand(context)).rejects.toMatchObject(
      refusedWith(
        'OBSTACLES',
        /The publication sizes lists the table, which has a generated column to alter, and role_\w+ may not alter it, .* `alter publication sizes owner to role_\w+`/,
      ),
    );
  });

  it('keeps the way back of expand, if one was made on the new column meanwhile', async () => {
    await database.runPhases(change, PHASES.up.slice(0, 1));
    await client.rows(`alter table part add tripled bigint generated always as (size_new * 3)`);
    await expect(database.runPhases(change, PHASES.down.slice(4))).rejects.toMatchObject(
      refusedWith(
        'OBSTACLES',
        /The generated column tripled of "public"\."part" uses size_new and would go with it: drop it first/,
      ),
    );
  });

  it('serves clients in all phases, with its values', async () => {
    const right = `doubled = 2 * (n % 1000) and size = n % 1000`;
    await expectFullCycle({
      change,
      setup: [
        TABLE,
        ROWS,
        `${DOUBLED}; alter table part alter doubled set not null, add constraint even check (doubled % 2 = 0)`,
        `create view doubles as select id, n, doubled from part`,
      ],
      value: { old: (n) => `(${n} % 1000)::integer`, new: (n) => `(${n} % 1000)::bigint` },
      load: {
        insert: ({ columnOf }) =>
          `insert into part (n, ${columnOf('size')}) values ($1::bigint, ($1::bigint % 1000)::integer) returning id::text as id`,
        update: ({ columnOf }) =>
          `update part set n = $1::bigint, ${columnOf('size')} = ($1::bigint % 1000)::integer where id::text = $2 and doubled >= 0 returning id`,
        read: ({ columnOf }) =>
          `select n::text as n, ${right.replace('size', columnOf('size'))} and (select doubled from doubles d where d.id = part.id) is not null as right
           from part where id::text = $1`,
      },
    });
  });
});
