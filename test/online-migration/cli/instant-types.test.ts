import { FIRST_MIGRATIONS } from '../../support/new-migrations.ts';
import { describe, expect, it } from '@jest/globals';
import { instantChange } from '../../../src/online-migration/new-change/instant/instant-change.ts';
import type { PhasedColumn } from '../../../src/online-migration/new-change/instant/instant-column.ts';
import { asBlock, directionsOf } from '../../../src/online-migration/new-change/instant/instant-sql.ts';
import { planChange } from '../../../src/online-migration/new-change/plan-change.ts';
import { Session } from '../../../src/online-migration/postgres/session.ts';
import { createRole } from '../../support/roles.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const database = databasePerFile(
  `drop domain if exists label, tag, positive`,
  `create domain tag as text`,
  `create domain label as varchar(20)`,
  `create domain positive as integer check (value > 0)`,
);

/** Asks about the column `value` of the table `t`. */
async function ask(to: string, { zone, url = database.url }: { zone?: string; url?: string } = {}) {
  await using session = await Session.open({ connectionString: url }, 'test');
  const wanted = {
    table: 't',
    columns: ['value'],
    to,
    from: undefined,
    newColumn: undefined,
    rename: undefined,
    renameInContract: false,
    zone,
  };
  const plan = await planChange(session, wanted, FIRST_MIGRATIONS, []);
  const answer = await instantChange(session, plan, wanted);
  if (answer.instant !== null) return answer;
  const [{ planned, ...why }] = answer.phased as [PhasedColumn];
  expect(planned.facts.name).toBe('value');
  return { instant: null, ...why };
}

/** Changes the type of `value` in a transaction that is rolled back: whether no file changed and no row was read. */
async function isInstantInFact(to: string, zone = 'UTC'): Promise<boolean> {
  const { client } = database;
  const state = async () =>
    JSON.stringify(
      await client.rows(`
        select c.relname, pg_relation_filenode(c.oid) as file, pg_stat_get_xact_numscans(c.oid) as scans
        from pg_class c
        where c.relkind in ('r', 'p', 'i', 'I') and c.relnamespace = 'public'::regnamespace
        order by 1`),
    );
  await client.rows(`begin; set local timezone = '${zone}'`);
  try {
    const before = await state();
    await client.rows(`alter table t alter value type ${to}`);
    return (await state()) === before;
  } catch {
    return false;
  } finally {
    await client.rows('rollback');
  }
}

describe('a change of the type without an index', () => {
  it.each([
    ['varchar(10)', 'text', 'rewrite'],
    ['varchar(10)', 'varchar(20)', 'rewrite'],
    ['varchar(10)', 'varchar', 'rewrite'],
    ['varchar(10) collate "C"', 'text', 'rewrite'],
    ['varchar', 'text', 'instant'],
    ['text', 'varchar', 'instant'],
    ['numeric(10,2)', 'numeric(12,2)', 'rewrite'],
    ['numeric(10,2)', 'numeric', 'rewrite'],
    ['varbit(3)', 'varbit(5)', 'rewrite'],
    ['varbit(3)', 'varbit', 'rewrite'],
    ['timestamp(3)', 'timestamp', 'rewrite'],
    ['timestamptz(3)', 'timestamptz(6)', 'rewrite'],
    ['cidr', 'inet', 'rewrite'],
    ['tag', 'text', 'instant'],
    ['text', 'public.tag', 'instant'],
    ['varchar(20)', 'public.label', 'rewrite'],
    ['label', 'text', 'rewrite'],
    ['positive', 'integer', 'rewrite'],
    ['timestamp', 'timestamptz', 'instant'],
    ['timestamptz', 'timestamp', 'instant'],
    ['timestamp(3)', 'timestamptz', 'rewrite'],
  ])('from %s to %s is instant, and its way back is %s', async (from, to, down) => {
    await database.client.rows(`create table t (id integer primary key, value ${from})`);
    const { instant } = await ask(to);
    expect(instant?.isDownInstant).toBe(down === 'instant');
    expect(await isInstantInFact(to)).toBe(true);
  });

  it.each([
    ['varchar(20)', 'varchar(10)'],
    ['text', 'varchar(10)'],
    ['numeric(10,2)', 'numeric(12,3)'],
    ['numeric(12,2)', 'numeric(10,2)'],
    ['integer', 'bigint'],
    ['char(5)', 'text'],
    ['inet', 'cidr'],
    ['timestamp', 'timestamp(3)'],
    ['timestamp(3)', 'timestamptz(3)'],
    ['varchar(10)[]', 'text[]'],
    ['integer', 'public.positive'],
    ['label', 'varchar(20)'],
    ['text', 'timestamptz'],
    ['json', 'jsonb'],
    ['money', 'numeric(12,2)'],
  ])('from %s to %s needs a rewrite', async (from, to) => {
    await database.client.rows(`create table t (id integer primary key, value ${from})`);
    expect(await ask(to)).toEqual({ instant: null, reasons: [] });
    expect(await isInstantInFact(to)).toBe(false);
  });

  it('from timestamp to timestamptz depends on the time zone', async () => {
    await database.client.rows(`create table t (id integer primary key, value timestamp)`);
    expect(await ask('timestamptz', { zone: 'Europe/Berlin' })).toEqual({ instant: null, reasons: [] });
    expect((await ask('timestamptz', { zone: 'Etc/UTC' })).instant?.zone).toBe('Etc/UTC');
  });
});

describe('a change of the type of a column with dependents', () => {
  it.each([
    ['create index i on t (value)'],
    ['create index i on t (value varchar_pattern_ops)'],
    ['create index i on t using hash (value)'],
    ['create unique index i on t (other, value desc nulls last)'],
    ['create index i on t (other) include (value)'],
    ['alter table t add unique (value, other)'],
    ['create statistics s on value, other from t'],
    ['alter table t alter value set default $$a$$'],
    ['create view v as select other from t'],
    ['create index i on t (other) where other > 0'],
  ])('is instant with %s', async (statement) => {
    await database.client.rows(
      `create table t (id integer primary key, value varchar(10) not null, other integer)`,
    );
    await database.client.rows(statement);
    expect((await ask('text')).instant).not.toBeNull();
    expect(await isInstantInFact('text')).toBe(true);
  });

  it.each([
    ['create index i on t (lower(value))', 'PostgreSQL would build the index i again'],
    [`create index i on t (other) where value <> 'a'`, 'PostgreSQL would build the index i again'],
    ['create view v as select value from t', 'view v depends on value'],
    ['create materialized view v as select value from t', 'materialized view v depends on value'],
    [
      `alter table t add constraint "C c" check (value <> 'b')`,
      'PostgreSQL would check constraint C c on table t in every row',
    ],
    [
      `alter table t add twice text generated always as (value || 'x') stored`,
      'column twice of table t depends on value',
    ],
    [`create policy p on t using (value = current_user)`, 'policy p on table t depends on value'],
    [
      `create function f() returns trigger language plpgsql as 'begin return new; end';
      create trigger g after update of value on t for each row execute function f()`,
      'trigger g on table t depends on value',
    ],
    ['create table u (whole t)', 'The column whole of u stores rows of the type t'],
    [
      `alter table t add unique (value);
      create table u (t_value varchar(10), constraint fk foreign key (t_value) references t (value))`,
      'PostgreSQL would lock both tables of constraint fk on table u',
    ],
    [
      `create table u (value varchar(10) primary key);
      alter table t add constraint fk foreign key (value) references u`,
      'PostgreSQL would lock both tables of constraint fk on table t',
    ],
  ])('is not with %s', async (statement, reason) => {
    await database.client.rows(
      `create table t (id integer primary key, value varchar(10) not null, other integer)`,
    );
    await database.client.rows(statement);
    expect(await ask('text')).toEqual({ instant: null, reasons: [reason] });
    // A foreign key of these types is not checked again, but both tables are locked.
    expect(await isInstantInFact('text')).toBe(statement.includes('fk'));
  });

  it('is not if an index has another order for the new type', async () => {
    await database.client.rows(
      `create table t (id integer primary key, value timestamp); create index i on t (value)`,
    );
    expect(await ask('timestamptz')).toEqual({
      instant: null,
      reasons: ['PostgreSQL would build the index i again'],
    });
  });

  it('looks at the partitions too', async () => {
    await database.client.rows(`
      create table t (id integer, value varchar(10)) partition by range (id);
      create table t1 (value varchar(10), id integer);
      alter table t attach partition t1 for values from (0) to (10)`);
    expect((await ask('text')).instant).not.toBeNull();
    await database.client.rows(`create view v as select value from t1`);
    expect(await ask('text')).toEqual({ instant: null, reasons: ['view v depends on value'] });
    await database.client.rows(`drop view v; create index i on t (value)`);
    expect(await ask('text')).toEqual({
      instant: null,
      reasons: ['i', 't1_value_idx'].map((name) => `PostgreSQL would build the index ${name} again`),
    });
  });

  it.each([
    [
      'create table t (id integer, value varchar(10)) partition by range (value)',
      'value is in the partition key',
    ],
    [
      'create table parent (id integer, value varchar(10)); create table t () inherits (parent)',
      'public.t inherits value from another table, and a column of its own cannot take its place',
    ],
    [
      'create type shape as (id integer, value varchar(10)); create table t of shape',
      't has the columns of its type shape',
    ],
  ])('is not with %s', async (statement, reason) => {
    await database.client.rows(`drop type if exists shape; ${statement}`);
    const answer = await ask('text');
    await database.client.rows(`drop table t; drop type if exists shape`);
    expect(answer).toEqual({ instant: null, reasons: [reason] });
  });
});

describe('the statements of a change that is made at once', () => {
  it('keep storage, compression and statistics, up and down', async () => {
    const { client } = database;
    await client.rows(`
      create table t (id integer not null, value varchar(10), "Other" integer) partition by range (id);
      create table "T 1" partition of t for values from (0) to (1000);
      create table t2 partition of t for values from (1000) to (2000);
      alter table only t alter value set storage external;
      alter table "T 1" alter value set storage main;
      alter table t2 alter value set compression pglz;
      alter table t alter value set statistics 50;
      insert into t select n, n, n / 10 from generate_series(1, 1999) as n;
      create statistics s on value, "Other" from t;
      create statistics s1 (dependencies) on value, "Other" from "T 1";
      analyze t`);
    const state = () =>
      client.rows(`
        select a.attrelid::regclass, a.attstorage, a.attcompression, a.attstattarget,
          (select count(*) from pg_statistic s where s.starelid = a.attrelid) as statistics,
          array(
            select stxname::text from pg_statistic_ext s join pg_statistic_ext_data d on d.stxoid = s.oid
            where s.stxrelid = a.attrelid order by 1
          ) as extended
        from pg_attribute a
        where a.attname = 'value' and a.attrelid = any (array['t', '"T 1"', 't2']::regclass[])
        order by 1`);
    const before = await state();
    const { instant } = await ask('text');
    const { up, down } = directionsOf(instant!);
    for (const direction of [up, down]) {
      await client.rows(asBlock(direction));
      await client.rows(direction.analyze);
      expect(await state()).toEqual(before);
    }
  });
});

describe('a role', () => {
  it('that may not create temporary tables gets the reason', async () => {
    await database.client.rows(`create table t (id integer primary key, value varchar(10))`);
    await using role = await createRole(database.url);
    await database.client.rows(`
      revoke temporary on database "${database.name}" from public; grant usage on schema public to ${role.name}`);
    expect(await ask('text', { url: role.url })).toEqual({
      instant: null,
      reasons: [],
      error: expect.stringMatching(/^permission denied to create temporary tables in database/),
    });
    await database.client.rows(`grant temporary on database "${database.name}" to public`);
  });

  it('that does not own the table is refused', async () => {
    await database.client.rows(`create table t (id integer primary key, value varchar(10))`);
    await using role = await createRole(database.url);
    await database.client.rows(`grant usage on schema public to ${role.name}`);
    await expect(ask('text', { url: role.url })).rejects.toMatchObject({
      code: 'OBSTACLES',
      message: expect.stringContaining('public.t has to be altered, and'),
    });
  });
});
