import { describe, expect, it } from '@jest/globals';
import type { ColumnChange } from '../../../src/online-migration/change/column-change.ts';
import { changedColumnOf } from '../../support/changed-column.ts';
import { activeColumnOf } from '../../../src/online-migration/follow/active-column.ts';
import { readStatus } from '../../../src/online-migration/observation/status.ts';
import { renameOnly, revertRenameOnly } from '../../../src/online-migration/phases/rename-only.ts';
import { runPhase } from '../../../src/online-migration/phases/run-phase.ts';
import { readRecordedPhases } from '../../../src/online-migration/state/phase-ledger.ts';
import { readTableShape } from '../../../src/online-migration/state/table-shape.ts';
import { changeOf, renameOf } from '../../support/change-of.ts';
import { installDdlHoldPoint, standingStill } from '../../support/hold-points.ts';
import { lockWaiter } from '../../support/lock-waits.ts';
import { refusedWith } from '../../support/refused-with.ts';
import { readSchema } from '../../support/schema-snapshot.ts';
import { databasePerTest } from '../../support/tested-database.ts';

const note = renameOf('orders.note', 'remark');
const noteColumn = changedColumnOf(note);

const database = databasePerTest(
  `create table orders (id bigint generated always as identity primary key, note text not null)`,
  `insert into orders (note) select 'note ' || n from generate_series(1, 100) as n`,
);
const { client } = database;

const up = (change: ColumnChange = note) => runPhase(change, 'rename', 'up', { connection: database.url });
const down = (change: ColumnChange = note) =>
  runPhase(change, 'rename', 'down', { connection: database.url });
const columns = async (table = 'orders') =>
  (
    await client.rows<{ name: string }>(
      `select attname as name from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped order by attnum`,
      [table],
    )
  ).map(({ name }) => name);

const converting = (column: string) =>
  changeOf(`orders.${column}`, {
    from: 'text',
    to: 'varchar(90)',
    conversion: { forward: (value) => `${value}::varchar(90)`, backward: (value) => `${value}::text` },
  });

const convert = (column: string, direction: 'up' | 'down') =>
  runPhase(converting(column), 'expand', direction, { connection: database.url });

describe('a change that is only a rename', () => {
  it('has two stages, one ledger row and one recorded lock, and leaves nothing on the way back', async () => {
    const before = await readSchema(client);
    expect(await readStatus(client, note)).toMatchObject({
      stage: 'initial',
      stages: ['initial', 'renamed'],
      activeColumn: 'note',
      form: 'old',
    });
    await up();
    expect(await columns()).toEqual(['id', 'remark']);
    expect(await readStatus(client, note)).toMatchObject({
      stage: 'renamed',
      activeColumn: 'remark',
      form: 'renamed',
      backfill: null,
    });
    expect((await readRecordedPhases(client, noteColumn)).map(({ phase }) => phase)).toEqual(['rename']);
    expect(
      await client.rows(
        `select purpose, mode from online_migration.lock_hold where change = 'public.orders.note'`,
      ),
    ).toEqual([{ purpose: 'rename', mode: 'ACCESS EXCLUSIVE' }]);
    expect(
      await client.value(
        `select count(*)::int from pg_proc where pronamespace = 'online_migration'::regnamespace`,
      ),
    ).toBe(0);
    await expect(up()).rejects.toMatchObject(
      refusedWith(
        'WRONG_STAGE',
        /that starts from the stage initial, and the database is at renamed\. .*: rename\.$/,
      ),
    );
    await down();
    expect(await columns()).toEqual(['id', 'note']);
    expect(await client.value(`select to_regnamespace('online_migration')`)).toBeNull();
    expect(await readSchema(client)).toEqual(before);
    await expect(down()).rejects.toMatchObject({ code: 'WRONG_STAGE' });
  });

  it('takes along whatever knows the column by its number', async () => {
    await client.rows(`
      create index by_note on orders (note) include (id) where note <> '';
      create index by_length on orders (length(note));
      alter table orders add unique (note), add check (note <> 'x'), add shout text generated always as (upper(note)) stored;
      create table reply (note text references orders (note));
      create view notes as select id, note from orders;
      create materialized view kept as select note from orders;
      create rule log as on delete to orders where old.note = '-' do also insert into reply values (null);
      alter table orders enable row level security, force row level security;
      create policy own on orders using (note is not null);
      create function first_note() returns text begin atomic select note from orders order by id limit 1; end;
      create function touch() returns trigger language plpgsql as $$ begin return new; end $$;
      create trigger touch before update of note on orders for each row when (new.note <> old.note) execute function touch();
      grant select (note) on orders to public;
      comment on column orders.note is 'said'`);
    const before = await readSchema(client);
    await up();
    expect(await client.value(`select remark from orders where id = 1`)).toBe('note 1');
    expect(await client.value(`select note from notes where id = 1`)).toBe('note 1');
    expect(await client.value(`select first_note()`)).toBe('note 1');
    await client.rows(`update orders set remark = 'changed' where id = 2; refresh materialized view kept`);
    expect(await client.value(`select shout from orders where id = 2`)).toBe('CHANGED');
    // A program that keeps the old name can use a view.
    await client.rows(`update notes set note = 'by a view' where id = 1`);
    expect(await client.value(`select remark from orders where id = 1`)).toBe('by a view');
    await client.rows(`delete from orders where id = 2; insert into reply values ('note 3')`);
    await down();
    expect(await readSchema(client)).toEqual(before);
  });

  it('renames the column of a partitioned table, also in the partition key', async () => {
    await client.rows(`
      create table parcel (id bigint, place text not null) partition by list (place);
      create table parcel_a partition of parcel for values in ('a');
      create table parcel_b partition of parcel for values in ('b') partition by list (place);
      create table parcel_b1 partition of parcel_b for values in ('b')`);
    const place = renameOf('parcel.place', 'location');
    await up(place);
    for (const table of ['parcel', 'parcel_a', 'parcel_b', 'parcel_b1']) {
      expect(await columns(table)).toEqual(['id', 'location']);
    }
    await client.rows(`insert into parcel (id, location) values (1, 'b')`);
    await down(place);
    expect(await columns('parcel_b1')).toEqual(['id', 'place']);
  });

  it('renames the column of tables that inherit it, and of a foreign table that keeps the name of its source', async () => {
    await client.rows(`
      create table said (id bigint) inherits (orders);
      create table said_loud (volume int) inherits (said);
      create foreign data wrapper elsewhere; create server other foreign data wrapper elsewhere;
      create foreign table said_elsewhere () inherits (orders) server other;
      create function count_said() returns bigint language plpgsql as $$ begin return (select count(note) from said); end $$`);
    await expect(up()).rejects.toMatchObject(
      refusedWith(
        'OBSTACLES',
        /The foreign table said_elsewhere asks for note by its name: .* Run `alter foreign table said_elsewhere alter column note options \(add column_name 'note'\)`.*\n {2}The function public\.count_said\(\), which uses orders, names note/,
      ),
    );
    await client.rows(
      `alter foreign table said_elsewhere alter column note options (add column_name 'note'); drop function count_said`,
    );
    await up();
    for (const table of ['said', 'said_loud', 'said_elsewhere']) {
      expect(await columns(table)).toContain('remark');
    }
    await down({ ...note, reviewed: ['foreign table public.said_elsewhere'] });
    expect(await columns('said_loud')).toContain('note');
  });

  it('renames odd names, and names that differ only in their case', async () => {
    await client.rows(`
      create schema "Odd ""Shop"""; create table "Odd ""Shop"""."Or.ders" (id bigint primary key, "Weird ""Name""" varchar(50))`);
    const odd: ColumnChange = {
      table: { schema: 'Odd "Shop"', name: 'Or.ders' },
      key: 'id',
      columns: [
        {
          from: { name: 'Weird "Name"', type: 'varchar(50)' },
          to: { name: 'weird "name" $1 €', type: 'VARCHAR( 50 )' },
        },
      ],
    };
    await up(odd);
    expect(await columns('"Odd ""Shop"""."Or.ders"')).toEqual(['id', 'weird "name" $1 €']);
    await down(odd);
    expect(await columns('"Odd ""Shop"""."Or.ders"')).toEqual(['id', 'Weird "Name"']);
  });

  it('renames a column of the key, and a nullable one without declaring it', async () => {
    await client.rows(`alter table orders alter note drop not null`);
    await up();
    const key = renameOf('orders.id', 'number', { type: 'bigint' });
    await up(key);
    expect(await columns()).toEqual(['number', 'remark']);
    await down();
    await down(key);
    expect(await columns()).toEqual(['id', 'note']);
    expect(await client.value(`select to_regnamespace('online_migration')`)).toBeNull();
  });

  it('believes the catalog if a column of the old name was added later', async () => {
    await up();
    await client.rows(`alter table orders add column note text`);
    const active = async () => activeColumnOf(await readTableShape(client, noteColumn), noteColumn);
    expect(await active()).toEqual({ form: 'renamed', name: 'remark' });
    await expect(down()).rejects.toMatchObject(
      refusedWith(
        'OBSTACLES',
        'public.orders has a column note again, so remark cannot get that name back: drop or rename note.',
      ),
    );
    await client.rows(`alter table orders drop column note`);
    await down();
    expect(await active()).toEqual({ form: 'old', name: 'note' });
  });

  it('is at its end in a database that was created with the new name', async () => {
    await client.rows(`alter table orders rename note to remark`);
    expect(await readStatus(client, note)).toMatchObject({ stage: 'renamed', activeColumn: 'remark' });
    await down();
    expect(await columns()).toEqual(['id', 'note']);
    expect(await client.value(`select to_regnamespace('online_migration')`)).toBeNull();
  });
});

describe('the rename of a column', () => {
  it('waits for a transaction in short tries, names it, and changes nothing if it stays', async () => {
    const reader = await database.connect('a long report');
    await reader.rows(`begin; select count(*) from orders`);
    const settings = { lockTimeoutMs: 50, lockBudgetMs: 500 };
    const messages: string[] = [];
    await expect(
      runPhase(note, 'rename', 'up', {
        connection: database.url,
        settings,
        onEvent: ({ message }) => messages.push(message ?? ''),
      }),
    ).rejects.toMatchObject(refusedWith('LOCK_NOT_GRANTED', 'a long report'));
    expect(messages.join('\n')).toContain(
      'rename: some sessions use "public"."orders" and do not declare their column; a session that knows only note will fail when it is renamed',
    );
    expect(await columns()).toEqual(['id', 'note']);
    expect(await client.value(`select to_regnamespace('online_migration')`)).toBeNull();
    await reader.rows(`commit`);
    await up();
  });

  it.each([
    ['up', up, 'note', 'remark'],
    ['down', down, 'remark', 'note'],
  ])('is all or nothing if the process is killed on the way %s', async (direction, again, before, after) => {
    if (direction === 'down') await up();
    await installDdlHoldPoint(client);
    await client.rows(`insert into held values ('ddl')`);
    const running = runPhase(note, 'rename', direction as 'up', { connection: database.url });
    const ended = running.then(
      () => 'carried out',
      () => 'failed',
    );
    await standingStill(client, `online-migration rename ${direction}`);
    const reader = await database.connect();
    const reading = reader.rows(`select ${before} from orders limit 1`);
    await lockWaiter(database.url);
    await client.rows(`select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1`, [
      `online-migration rename ${direction}`,
    ]);
    expect(await ended).toBe('failed');
    expect(await reading).toHaveLength(1);
    expect(await columns()).toEqual(['id', before]);
    await client.rows(`delete from held`);
    await again();
    expect(await columns()).toEqual(['id', after]);
  });
});

describe('the rename of a column is refused', () => {
  it.each([
    [
      'both names exist',
      `alter table orders add remark text`,
      'OBSTACLES',
      /public\.orders has a column remark already: declare another `to\.name`, or drop that column\.$/,
    ],
    [
      'neither exists',
      `alter table orders rename note to said`,
      'COLUMN_MISSING',
      /has no column note, nor remark/,
    ],
    [
      'the table does not exist',
      `drop table orders`,
      'TABLE_NOT_READY',
      'The table "public"."orders" does not exist',
    ],
    [
      'the type is another one',
      `alter table orders alter note type varchar(9)`,
      'OBSTACLES',
      /note is character varying\(9\), and the declaration says text/,
    ],
    [
      'it is a view',
      `alter table orders rename to o; create view orders as select * from o`,
      'OBSTACLES',
      /is not a table/,
    ],
    [
      'the table is a partition',
      `alter table orders rename to first; create table p (id bigint not null, note text not null) partition by range (id); alter table first rename to orders; alter table orders alter id drop identity; alter table p attach partition orders default`,
      'OBSTACLES',
      /is a partition/,
    ],
    [
      'the column is inherited',
      `create table base (note text not null); alter table orders inherit base`,
      'OBSTACLES',
      /inherits note from another table/,
    ],
    [
      'a table that inherits from it has the new name',
      `create table said (remark text) inherits (orders)`,
      'OBSTACLES',
      /public\.said has a column remark already: declare another `to\.name`, or drop that column\.$/,
    ],
    [
      'a table inherits the column from another table, too',
      `create table spoken (note text); create table said () inherits (orders, spoken)`,
      'OBSTACLES',
      /said inherits note from public\.orders and from another table, so PostgreSQL renames it in neither/,
    ],
    [
      'the table is typed',
      `drop table orders; create type row_of as (id bigint, note text); create table orders of row_of`,
      'OBSTACLES',
      /is a typed table/,
    ],
  ])('if %s', async (_, statement, code, message) => {
    await client.rows(statement);
    await expect(up()).rejects.toMatchObject(refusedWith(code as 'OBSTACLES', message));
    expect(await client.value(`select to_regnamespace('online_migration')`)).toBeNull();
  });

  it('if a function or a trigger knows the column by its name, until it is reviewed, up and down', async () => {
    await client.rows(`
      create function trim_note() returns trigger language plpgsql as $$ begin new.note := trim(new.note); return new; end $$;
      create trigger trim_note before insert on orders for each row execute function trim_note();
      create function whole() returns setof orders language plpgsql as $$ begin return query select * from orders; end $$;
      alter table orders add words tsvector;
      create trigger words before insert on orders for each row
        execute function tsvector_update_trigger('words', 'pg_catalog.simple', 'note')`);
    await expect(up()).rejects.toMatchObject(
      refusedWith(
        'OBSTACLES',
        /The trigger function public\.trim_note\(\) of orders names note: from rename on, writes fail [^\n]*\n {2}The trigger words of orders has note among its arguments: from rename on, [^\n]*$/,
      ),
    );
    const reviewed = { ...note, reviewed: ['public.trim_note()', 'trigger words'] };
    await up(reviewed);
    await client.rows(`
      create function of_remark() returns bigint language plpgsql as $$ begin return (select count(remark) from orders); end $$`);
    await expect(down(reviewed)).rejects.toMatchObject(
      refusedWith(
        'OBSTACLES',
        /The function public\.of_remark\(\), which uses orders, names remark: from rename on/,
      ),
    );
    await down({ ...note, reviewed: [...reviewed.reviewed, 'public.of_remark()'] });
  });

  it('if subscribers have not been reviewed', async () => {
    await client.rows(`create publication notes for table orders`);
    await expect(up()).rejects.toMatchObject(
      refusedWith(
        'OBSTACLES',
        /at the first write after rename, a subscriber without "remark" stops.* run `alter table "public"\."orders" rename column "note" to "remark"` right behind rename/,
      ),
    );
    await up({ ...note, reviewed: ['publication notes'] });
  });

  it('if the declaration was edited, or the ledger is another one', async () => {
    await up();
    const [pair] = note.columns;
    const edited = { ...note, columns: [{ ...pair!, to: { name: 'comment', type: 'text' } }] };
    await expect(down(edited)).rejects.toMatchObject(
      refusedWith('OBSTACLES', 'is under way with the `to.name` remark, and the declaration says comment'),
    );
    const withConversion = {
      ...note,
      columns: [
        { ...pair!, conversion: { forward: (value: string) => value, backward: (value: string) => value } },
      ],
    };
    await expect(
      runPhase(withConversion, 'rename', 'up', { connection: database.url }),
    ).rejects.toMatchObject(
      refusedWith(
        'OBSTACLES',
        'with the `conversion` none, and the declaration says one: set it back to none',
      ),
    );
    await expect(database.runPhases(note, [revertRenameOnly])).rejects.toMatchObject(
      refusedWith('OBSTACLES', 'are recorded in online_migration.phase'),
    );
    expect(await columns()).toEqual(['id', 'remark']);
    await down();
    await database.runPhases(note, [renameOnly]);
    await expect(down()).rejects.toMatchObject(refusedWith('OBSTACLES', 'are recorded by MikroORM'));
  });

  it('if another change of the column is under way, up and down', async () => {
    await convert('note', 'up');
    await expect(up({ ...note, name: 'rename' })).rejects.toMatchObject(
      refusedWith(
        'OBSTACLES',
        'The change public.orders.note of this table is under way, and it changes note too.',
      ),
    );
    await convert('note', 'down');
    await up();
    await convert('remark', 'up');
    await client.rows(`insert into orders (remark) values ('both')`);
    expect(await client.value(`select remark_new from orders where remark = 'both'`)).toBe('both');
    await expect(down()).rejects.toMatchObject(
      refusedWith(
        'OBSTACLES',
        'The change public.orders.remark of this table is under way, and it changes remark too.',
      ),
    );
    await convert('remark', 'down');
    await down();
    expect(await client.value(`select to_regnamespace('online_migration')`)).toBeNull();
  });

  it('in every phase but its own', async () => {
    for (const phase of ['expand', 'backfill', 'enforce', 'contract'] as const) {
      for (const direction of ['up', 'down'] as const) {
        await expect(runPhase(note, phase, direction, { connection: database.url })).rejects.toMatchObject(
          refusedWith(
            'PHASE_NOT_OF_CHANGE',
            `The change public.orders.note has no phase ${phase}: it is only a rename, because its declaration has no \`conversion\`. Its phases are: rename.`,
          ),
        );
      }
    }
    expect(await client.value(`select to_regnamespace('online_migration')`)).toBeNull();
  });
});
