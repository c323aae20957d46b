import { describe, expect, it } from '@jest/globals';
import { databasePerFile } from '../../support/tested-database.ts';
import { readSchema } from '../../support/schema-snapshot.ts';
import { check, checkIn, statementsOf } from './check-project.ts';

const ROWS = 20_000;

const database = databasePerFile(
  `drop schema if exists "Odd ""Name" cascade`,
  `create schema "Odd ""Name"`,
  `create table "Odd ""Name".orders (id int primary key, total int not null, label varchar(50), note text)`,
  `insert into "Odd ""Name".orders select n, n, 'label', 'note' from generate_series(1, ${ROWS}) n`,
  `create table items (id int primary key, total int)`,
  `create table few (id int primary key, total int)`,
  `insert into few values (1, 1)`,
  `analyze`,
);

const FILES = {
  'm/0001.sql': `
    set search_path = "Odd ""Name";
    create index orders_note on orders (note);
    alter table orders alter label type varchar(100);
    alter table orders alter total type bigint;
    update orders set total = total + 1;
    update orders set total = total + 1 where id = 7;`,
  'm/0002.sql': `
    create table made (id int primary key);
    alter table "Odd ""Name".orders add extra text;
    create index on items (total);
    update few set total = 2;`,
  'm/0003.sql': `
    create index on made (id);
    alter table "Odd ""Name".orders alter extra set not null;`,
};

describe('npx online-migration check --url', () => {
  it('decides by the catalog, and changes nothing', async () => {
    const before = await readSchema(database.client);
    const result = await check(FILES, 'm', '--json', '--url', database.url);
    expect(result.stderr).toBe('');
    const statements = statementsOf(result);
    expect(statements.map(({ statement, outcome }) => [statement, outcome])).toEqual([
      ['set search_path = "Odd ""Name"', 'as-written'],
      ['create index orders_note on orders (note)', 'steps'],
      ['alter table orders alter label type varchar(100)', 'as-written'],
      ['alter table orders alter total type bigint', 'refused'],
      ['update orders set total = total + 1', 'refused'],
      ['update orders set total = total + 1 where id = 7', 'as-written'],
      ['create table made (id int primary key)', 'as-written'],
      ['alter table "Odd ""Name".orders add extra text', 'as-written'],
      ['create index on items (total)', 'as-written'],
      ['update few set total = 2', 'as-written'],
      ['create index on made (id)', 'as-written'],
      ['alter table "Odd ""Name".orders alter extra set not null', 'steps'],
    ]);
    expect(statements.flatMap(({ assumed }) => assumed)).toEqual([]);
    expect(statements.at(-1)?.table).toMatchObject({ name: '"Odd ""Name".orders', rows: ROWS });
    expect(await readSchema(database.client)).toEqual(before);
  });

  it('shows sizes, and takes the URL from the environment, too', async () => {
    const { stdout, exitCode } = await check(
      { 'a.sql': FILES['m/0003.sql'] },
      'a.sql',
      '--url',
      database.url,
    );
    expect(stdout).toMatch(/^Database: /);
    expect(stdout).not.toContain('Without --url');
    // The column is not there: nothing was applied.
    expect(stdout).toContain('alter table "Odd ""Name".orders alter extra set not null\n  runs as it is');
    expect(exitCode).toBe(0);
    const environment = { ONLINE_MIGRATION_CHECK_URL: database.url };
    const other = await checkIn(environment, { 'a.sql': FILES['m/0001.sql'] }, 'a.sql');
    expect(other.stdout).toMatch(/"Odd ""Name"\.orders has about 20,000 rows in \d+ MB\n/);
  });
});
