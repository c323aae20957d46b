import { expect, it } from '@jest/globals';
import { varcharToText } from '../../../src/online-migration/conversions/texts/varchar-to-text.ts';
import { textToEnum } from '../../../src/online-migration/conversions/texts/text-to-enum.ts';
import { expand, revertExpand } from '../../../src/online-migration/phases/expand.ts';
import type { ColumnChange } from '../../../src/online-migration/change/column-change.ts';
import { openContext, PHASES, type PhaseFunction } from '../../support/change-cycle.ts';
import { changeOf } from '../../support/change-of.ts';
import { refusedWith } from '../../support/refused-with.ts';
import { createRole } from '../../support/roles.ts';
import { describeFrom } from '../../support/server-major.ts';
import { databasePerTest } from '../../support/tested-database.ts';
import { changeOfPart } from './obstacles/obstacle.ts';

const TABLE = `create table part (id bigint primary key, name varchar(20) not null, size integer not null)`;
const ROWS = `insert into part select n, 'part ' || n, n from generate_series(1, 50) as n`;

const database = databasePerTest(TABLE, ROWS);
const { client } = database;

/** Each table of each publication, with its column list and its row filter. */
function published() {
  return client.rows<{ table: string; columns: string[] | null; filter: string | null }>(`
    select p.pubname || ': ' || r.prrelid::regclass as table,
      (
        select array_agg(a.attname::text order by a.attname) from pg_attribute a
        where a.attrelid = r.prrelid and a.attnum = any (r.prattrs::int2[])
      ) as columns,
      pg_get_expr(r.prqual, r.prrelid) as filter
    from pg_publication_rel r join pg_publication p on p.oid = r.prpubid
    order by p.pubname, r.prrelid::regclass::text`);
}

async function columnsOf(publication: string): Promise<string[] | null | undefined> {
  return (await published()).find(({ table }) => table.startsWith(`${publication}:`))?.columns;
}

const ALL = [...PHASES.up, ...PHASES.down];

/** Runs each phase in turn and looks behind it. */
async function afterEach<T>(
  change: ColumnChange,
  phases: readonly PhaseFunction[],
  look: () => Promise<T>,
): Promise<Record<string, T>> {
  const found: Record<string, T> = {};
  const context = await database.open(change);
  for (const phase of phases) {
    await phase(context);
    found[phase.name] = await look();
  }
  return found;
}

describeFrom(15, 'a column list', () => {
  const reviewed = ['publication sizes'];

  it('has both columns from expand to contract, and on the way back, so that a subscriber gets the values of all rows', async () => {
    await client.rows(`create publication sizes for table part (id, size)`);
    expect(await afterEach(changeOfPart({ reviewed }), ALL, () => columnsOf('sizes'))).toEqual({
      expand: ['id', 'size', 'size_new'],
      backfill: ['id', 'size', 'size_new'],
      enforce: ['id', 'size', 'size_new'],
      contract: ['id', 'size_new'],
      rename: ['id', 'size'],
      revertRename: ['id', 'size_new'],
      revertContract: ['id', 'size', 'size_new'],
      revertEnforce: ['id', 'size', 'size_new'],
      revertBackfill: ['id', 'size', 'size_new'],
      revertExpand: ['id', 'size'],
    });
  });

  it('keeps its filter, and all other tables and publications stay untouched', async () => {
    await client.rows(`
      create table "Odd ""table""" (id bigint primary key, size integer, "odd ""name""" text);
      create publication "Odd ""sizes""" for table part (id, size) where (id > 3), table "Odd ""table""" (id, "odd ""name""") where (id > 1);
      create publication names for table part (id, name) where (id < 9)`);
    const rest = () =>
      client.rows(`
        select oid::text, prrelid::regclass::text, prattrs::text, prqual::text from pg_publication_rel
        where prrelid <> 'part'::regclass or prpubid = (select oid from pg_publication where pubname = 'names') order by 1`);
    const [before, others] = [await published(), await rest()];
    await database.runPhases(changeOfPart({ reviewed: ['publication Odd "sizes"'] }), PHASES.up);
    expect(await published()).toEqual(before);
    expect(await rest()).toEqual(others);
    await database.runPhases(changeOfPart({ reviewed: ['publication Odd "sizes"'] }), PHASES.down);
    expect(await published()).toEqual(before);
    expect(await rest()).toEqual(others);
  });

  it('is asked about with the statements for a subscriber, and with the phases that change it', async () => {
    await client.rows(`create publication sizes for table part (id, size)`);
    await expect(expand(await database.open(changeOfPart()))).rejects.toMatchObject(
      refusedWith(
        'OBSTACLES',
        /The publication sizes publishes part; its column list gets size_new in expand and loses size in contract: .*add column "size_new" bigint` before expand/,
      ),
    );
  });

  it('without the column needs no review', async () => {
    await client.rows(`create publication names for table part (id, name)`);
    const before = await published();
    await database.runPhases(changeOfPart(), ALL);
    expect(await published()).toEqual(before);
  });
});

describeFrom(15, 'a row filter', () => {
  const longer = changeOf('part.name', {
    from: 'varchar(20)',
    to: 'text',
    conversion: varcharToText(20),
    reviewed: ['publication named'],
  });

  it('goes over in contract, and comes back byte for byte in the revert of enforce', async () => {
    await client.rows(
      `alter table part replica identity full; create publication named for table part where (name <> 'part 3' and size > 2)`,
    );
    const before = await published();
    const filters = await afterEach(longer, ALL, async () => (await published())[0]!.filter);
    expect(filters).toMatchObject({
      enforce: `(((name)::text <> 'part 3'::text) AND (size > 2))`,
      contract: `((name_new <> 'part 3'::text) AND (size > 2))`,
      rename: `((name <> 'part 3'::text) AND (size > 2))`,
      revertContract: `((name_new <> 'part 3'::text) AND (size > 2))`,
      revertEnforce: `(((name)::text <> 'part 3'::text) AND (size > 2))`,
    });
    expect(await published()).toEqual(before);
  });

  it('goes over together with the list, half-way back and up again', async () => {
    await client.rows(
      `create unique index identity on part (id, size); alter table part replica identity using index identity;
       create publication sizes for table part (id, size, name) where (size > 10)`,
    );
    const before = await published();
    const change = changeOfPart({ reviewed: ['publication sizes'] });
    const [revertRename, revertContract, ...last] = PHASES.down;
    await database.runPhases(change, [...PHASES.up, revertRename, revertContract, ...PHASES.up.slice(3)]);
    await client.rows(`update part set size = size + 1 where id < 9; delete from part where id = 50`);
    expect(await published()).toEqual(before);
    await database.runPhases(change, [revertRename, revertContract, ...last]);
    expect(await published()).toEqual(before);
  });

  it('of a partition and of a partitioned table, beside tables in schema', async () => {
    await client.rows(`
      drop table part; create schema other; create table other.thing (id bigint);
      create table part (id bigint not null, size integer not null, primary key (id)) partition by list (id);
      create table "First ""one""" (size integer not null, id bigint not null primary key);
      alter table part attach partition "First ""one""" for values in (1, 2, 3);
      alter table part replica identity full; alter table "First ""one""" replica identity full;
      create publication sizes for table "First ""one""" where (size > 1), tables in schema other;
      create publication all_sizes for table part where (size > 0), table "First ""one""" (size, id) with (publish_via_partition_root, publish = 'insert')`);
    const before = await published();
    const reviewed = ['publication sizes', 'publication all_sizes'];
    const change = changeOfPart({ reviewed });
    await database.runPhases(change, PHASES.up);
    await client.rows(`insert into part (id, size) values (1, 1), (2, 5)`);
    expect(await published()).toEqual(before);
    await database.runPhases(change, PHASES.down);
    expect(await published()).toEqual(before);
  });

  it('is refused if the other type does not fit: PostgreSQL takes no type of a user', async () => {
    await client.rows(
      `create type mood as enum ('good', 'bad'); alter table part add mood varchar(9) not null default 'good'; alter table part alter mood drop default;
       alter table part replica identity full; create publication moods for table part where (mood <> 'bad')`,
    );
    const change = changeOf('part.mood', {
      from: 'varchar(9)',
      to: 'public.mood',
      conversion: textToEnum('public.mood', ['good', 'bad']),
      reviewed: ['publication moods'],
    });
    await expect(expand(await database.open(change))).rejects.toMatchObject(
      refusedWith(
        'OBSTACLES',
        /The row filter of the publication moods on public\.part, \(+mood\)?::text <> 'bad'::text\), does not fit public\.mood: .*`alter publication moods drop table only public\.part`/,
      ),
    );
  });

  it('that somebody gave the new column meanwhile is no part of the revert of expand', async () => {
    await client.rows(`alter table part replica identity full`);
    const context = await database.open(changeOfPart({ reviewed: ['publication sizes'] }));
    await expand(context);
    await client.rows(`create publication sizes for table part where (size_new > 3)`);
    await expect(revertExpand(context)).rejects.toMatchObject(
      refusedWith(
        'OBSTACLES',
        /The row filter of the publication sizes on public\.part uses size_new and would go with it/,
      ),
    );
  });
});

describeFrom(15, 'a change of several columns', () => {
  it('takes a list and a filter that use several of them over as a whole', async () => {
    await client.rows(`
      alter table part add other integer not null default 1, replica identity full; alter table part alter other drop default;
      create publication sizes for table part (other, id, size) with (publish = 'insert');
      create publication large for table part where (size > other)`);
    const before = await published();
    const size = changeOfPart({ reviewed: ['publication sizes', 'publication large'] });
    const change = { ...size, columns: [...size.columns, ...changeOfPart({ column: 'other' }).columns] };
    const found = await afterEach(change, PHASES.up, published);
    expect(found['expand']![1]!.columns).toEqual(['id', 'other', 'other_new', 'size', 'size_new']);
    expect(found['contract']![1]!.columns).toEqual(['id', 'other_new', 'size_new']);
    expect(found['contract']![0]!.filter).toBe('(size_new > other_new)');
    await database.runPhases(change, PHASES.down);
    expect(await published()).toEqual(before);
  });
});

describeFrom(15, 'a role that owns the table alone', () => {
  it('is told how to become the owner of a publication, and changes it then', async () => {
    const owner = await createRole(database.url);
    database.defer(async () => owner[Symbol.asyncDispose]());
    await client.rows(`
      create schema online_migration authorization ${owner.name};
      alter table part owner to ${owner.name}; alter table part replica identity full;
      create publication sizes for table part (id, size) with (publish = 'insert');
      create publication large for table part where (size > 9)`);
    await using context = await openContext(
      owner.url,
      changeOfPart({ reviewed: ['publication sizes', 'publication large'] }),
    );
    const refusal = await expand(context).then(
      () => '',
      (error: Error) => error.message,
    );
    const statements = [...refusal.matchAll(/`((?:alter|grant) [^`]+)`/g)].map(([, statement]) => statement!);
    expect(statements).toEqual([
      `alter publication large owner to ${owner.name}`,
      `alter publication sizes owner to ${owner.name}`,
      `grant create on schema public to ${owner.name}`,
    ]);
    for (const statement of statements) await client.rows(statement);
    const before = await published();
    for (const phase of ALL) await phase(context);
    expect(await published()).toEqual(before);
  });
});
