import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { runParts } from '../../support/fill-run.ts';
import { createRole, type TestRole } from '../../support/roles.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const ROWS = 3_000;

const database = databasePerFile();
const rows = (sql: string) => database.client.rows(sql);
const value = <T>(sql: string) => database.client.value<T>(sql);

describe('a fill of a table', () => {
  it('with odd names, in another schema, whose expressions name it and other tables', async () => {
    await rows(`drop schema if exists "Odd ""Schema" cascade`);
    await rows(`create schema "Odd ""Schema"`);
    await rows(
      `create table "Odd ""Schema"."Odd ""Name" ("Key ""1" text primary key, "a b" int, "c""d" text)`,
    );
    await rows(`create table names (number int primary key, name text not null)`);
    await rows(`insert into names select n, 'name ' || n from generate_series(0, 9) n`);
    await rows(
      `insert into "Odd ""Schema"."Odd ""Name" select 'k' || n, n from generate_series(1, ${ROWS}) n`,
    );
    await runParts(database.url, [
      {
        schema: 'Odd "Schema',
        table: 'Odd "Name',
        set: {
          'c"d': `(select name from names where number = "Odd ""Name"."a b" % 10) -- of the last digit`,
        },
        where: `"c""d" is null -- not filled`,
      },
    ]);
    expect(
      await value(
        `select count(*)::int from "Odd ""Schema"."Odd ""Name" where "c""d" = 'name ' || "a b" % 10`,
      ),
    ).toBe(ROWS);
    await rows(`drop schema "Odd ""Schema" cascade`);
  });

  it.each([
    [
      'a composite key',
      'tenant int, id int, primary key (id, tenant)',
      `n % 10, n`,
      /id 7, tenant 7: division by zero/,
    ],
    [
      'a uuid key',
      'uid uuid primary key, id int',
      `overlay(md5('x') placing lpad(n::text, 8, '0') from 1)::uuid, n`,
      /uid 00000007-.*: division by zero/,
    ],
    [
      'a unique column in place of a key',
      'id int not null unique, other int',
      'n, n',
      /id 7: division by zero/,
    ],
    ['no key', 'id int, other int', 'n, n', /row \(\d+,\d+\): division by zero/],
  ])('with %s names the rows that fail', async (_, columns, values, named) => {
    await rows(`create table item (${columns}, result int)`);
    await rows(`insert into item select ${values} from generate_series(1, ${ROWS}) n`);
    const fill = { table: 'item', set: { result: '100 / (id - 7)' }, where: 'result is null' };
    await expect(runParts(database.url, [fill])).rejects.toMatchObject({
      code: 'FILL_ROWS_FAILED',
      message: expect.stringMatching(named),
    });
    expect(await value(`select count(*)::int from item where result is null`)).toBe(1);
    await runParts(database.url, [
      { ...fill, set: { result: '100 / nullif(id - 7, 0)' }, where: 'result is null and id <> 7' },
    ]);
    expect(await rows(`select from pg_namespace where nspname = 'online_migration'`)).toEqual([]);
  });

  it('with partitions of several levels, a default partition and own triggers', async () => {
    await rows(
      `create table part (id int, place text, size int, primary key (id, place)) partition by list (place)`,
    );
    await rows(`create table part_a partition of part for values in ('a') partition by range (id)`);
    await rows(`create table part_a_1 partition of part_a for values from (0) to (1000)`);
    await rows(`create table part_a_2 partition of part_a default`);
    await rows(`create table part_rest partition of part default`);
    await rows(
      `insert into part select n, case n % 3 when 0 then 'a' else 'b' end from generate_series(1, ${ROWS}) n`,
    );
    await rows(`create table audit (id int)`);
    await rows(`
      create function audit() returns trigger language plpgsql as
        $$ begin insert into audit values (new.id); return null; end $$`);
    await rows(`create trigger audit after update on part for each row execute function audit()`);
    await runParts(database.url, [{ table: 'part', set: { size: 'id * 2' }, where: 'size is null' }]);
    expect(await value(`select count(*)::int from part where size = id * 2`)).toBe(ROWS);
    expect(await value(`select count(distinct id)::int from audit`)).toBe(ROWS);
    expect(await value(`select count(*)::int from audit`)).toBe(ROWS);
  });

  it('that the migration makes, whose function it makes, under the search path and the zone that it sets', async () => {
    await rows(`create schema if not exists shop`);
    await runParts(database.url, [
      `set search_path = shop, public`,
      `set timezone = 'Europe/Berlin'`,
      `create table made (id int primary key, at timestamptz, day text)`,
      `insert into made select n, '2026-01-01 23:30:00+00' from generate_series(1, 50) n`,
      `create function day_of(timestamptz) returns text language sql stable as $$ select ($1::date)::text $$`,
      { table: 'made', set: { day: 'day_of(at)' }, where: 'day is null' },
    ]);
    expect(await rows(`select distinct day from shop.made`)).toEqual([{ day: '2026-01-02' }]);
    await rows(`drop schema shop cascade`);
  });

  it('with a new column that refers to another table', async () => {
    await rows(`create table customer (id int primary key)`);
    await rows(`insert into customer values (1)`);
    await rows(`create table bill (id int primary key)`);
    await rows(`insert into bill select generate_series(1, ${ROWS})`);
    await runParts(database.url, [
      `alter table bill add customer_id int null references customer`,
      `create function one() returns int language sql immutable as 'select 1'`,
      { table: 'bill', set: { customer_id: 'one()' }, where: 'customer_id is null' },
    ]);
    expect(await value(`select count(*)::int from bill where customer_id = 1`)).toBe(ROWS);
  });
});

describe('a role that owns the table and has no other right', () => {
  let owner: TestRole;
  let member: TestRole;
  let stranger: TestRole;
  let asOwner: DatabaseClient;
  beforeAll(async () => {
    owner = await createRole(database.url);
    member = await createRole(database.url);
    stranger = await createRole(database.url);
  });
  afterAll(async () => {
    await stranger[Symbol.asyncDispose]();
    await member[Symbol.asyncDispose]();
    await owner[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    await rows(`grant usage on schema public to public`);
    await rows(`create table "order" (id int primary key, note text)`);
    await rows(`insert into "order" select n from generate_series(1, ${ROWS}) n`);
    await rows(`alter table "order" owner to ${owner.name}`);
    await rows(`create schema online_migration authorization ${owner.name}`);
    asOwner = await connect(owner.url);
  });
  afterEach(async () => asOwner[Symbol.asyncDispose]());
  const fill = { table: 'order', set: { note: 'current_user' }, where: 'note is null' };

  it('fills it, and keeps the schema that an administrator has made for it', async () => {
    await runParts(owner.url, [fill]);
    expect(await value(`select count(*)::int from "order" where note = '${owner.name}'`)).toBe(ROWS);
    expect(
      await rows(`select relname from pg_class where relnamespace = 'online_migration'::regnamespace`),
    ).toEqual([]);
  });

  it('is set by the migration, for a login that is a member of it', async () => {
    await rows(`grant ${owner.name} to ${member.name} with inherit true`).catch(() =>
      rows(`grant ${owner.name} to ${member.name}`),
    );
    await runParts(member.url, [`set role ${owner.name}`, fill]);
    expect(await value(`select count(*)::int from "order" where note = '${owner.name}'`)).toBe(ROWS);
    expect(
      await rows(`select relname from pg_class where relnamespace = 'online_migration'::regnamespace`),
    ).toEqual([]);
  });

  it('is refused, before anything runs, if policies hide rows from it', async () => {
    await asOwner.rows(`alter table "order" enable row level security`);
    await asOwner.rows(`alter table "order" force row level security`);
    await asOwner.rows(`create policy few on "order" using (id < 10)`);
    await expect(runParts(owner.url, [`alter table "order" add x int`, fill])).rejects.toMatchObject({
      code: 'FILL_NOT_POSSIBLE',
      message: expect.stringMatching(/row level security hides rows of public\."order" from .*BYPASSRLS/),
    });
    expect(await value(`select count(*)::int from "order" where note is not null`)).toBe(0);
    await expect(runParts(owner.url, [`set role ${owner.name}`, fill])).rejects.toMatchObject({
      code: 'FILL_NOT_POSSIBLE',
      message: expect.stringMatching(/query would be affected by row-level security policy/),
    });
    expect(await value(`select count(*)::int from "order" where note is not null`)).toBe(0);
  });

  it('is told the rights that are missing, if it does not own the table', async () => {
    await expect(runParts(stranger.url, [fill])).rejects.toMatchObject({
      code: 'FILL_NOT_POSSIBLE',
      message: expect.stringContaining(`grant select, update on public."order" to ${stranger.name}`),
    });
  });
});
