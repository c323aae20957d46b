import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, type DatabaseClient } from '../../support/database-client.ts';
import { createRole } from '../../support/roles.ts';
import { describeFrom, SERVER_MAJOR } from '../../support/server-major.ts';
import { createTestDatabase, type TestDatabase } from '../../support/test-server.ts';
import { openPlainProject, type PlainProject } from './plain-project.ts';

const SCHEMAS = join(import.meta.dirname, 'survey-schemas');
/** From PostgreSQL 16 on, a text can be checked before it is converted to JSON. */
const HAS_JSON_CHECK = SERVER_MAJOR >= 16;
const LIMIT_MS = 180_000;

/** A column of each kind, by its name; then tables with one reason each. */
const KINDS = `
  create schema kinds;
  set search_path = kinds, public;
  create type color as enum ('red', 'green');
  create domain label as varchar(20);
  create table kind (
    id integer primary key,
    small smallint, whole integer, big bigint, used_at bigint, made_at integer,
    amount numeric(10,2), any_number numeric, ratio real, share double precision, price money,
    name varchar(20), code char(5), free text, sent_at varchar(30), short_at varchar(10), item_uuid char(36), data_json text,
    paint color, tag label, document json, binary_document jsonb, network cidr, host inet,
    local timestamp, local_ms timestamp(3), zoned timestamptz, day date, flag boolean,
    names varchar(20)[], numbers integer[], raw bytea
  );
  create table viewed (id bigint primary key, n integer);
  create view of_viewed as select n from viewed; create table kept (was of_viewed);
  create table filled (id bigint primary key, price text, price_json text not null default 'none');
  create table part (id bigint, n integer, primary key (id)) partition by range (id);
  create table part_1 partition of part for values from (0) to (10);
  create table named (id bigint primary key, n integer);
  create function count_named() returns bigint language sql as 'select sum(n) from kinds.named';
  create schema "Odd ""schema""";
  create table "Odd ""schema""."Odd.table €" ("Odd column?" varchar(9), "select" integer);
  create schema online_migration;
  create table online_migration.own (n integer);`.replace('""schema""."Odd', '""schema"""."Odd');

let project: PlainProject;
beforeAll(async () => {
  project = await openPlainProject();
});
afterAll(async () => project[Symbol.asyncDispose]());

interface Found {
  readonly schema: string;
  readonly table: string;
  readonly column: string;
  readonly to: string;
  readonly outcome: string;
  readonly reasons: { code: string; message: string }[];
}

async function survey(url: string, ...options: string[]): Promise<{ tables: number; found: Found[] }> {
  const { exitCode, stdout } = await project.run(url, 'survey', '--json', ...options);
  expect(exitCode).toBe(0);
  return JSON.parse(stdout) as { tables: number; found: Found[] };
}

/** The new type and the result of each column of a table. */
function resultsOf(found: readonly Found[], table: string): Record<string, string> {
  return Object.fromEntries(
    found
      .filter((one) => one.table === table)
      .map(({ column, to, outcome, reasons }) => [
        column,
        [outcome, to, ...new Set(reasons.map(({ code }) => code))].join(' '),
      ]),
  );
}

describe('npx online-migration survey', () => {
  let database: TestDatabase;
  let client: DatabaseClient;
  beforeAll(async () => {
    database = await createTestDatabase();
    client = await connect(database.url);
    await client.rows(KINDS);
  });
  afterAll(async () => {
    await client[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  });

  it('gives each type its usual new type, and the result', async () => {
    const { found } = await survey(database.url, '--table', 'kind');
    expect(resultsOf(found, 'kind')).toEqual({
      id: 'free bigint',
      small: 'free bigint',
      whole: 'free bigint',
      used_at: 'free timestamp with time zone',
      made_at: 'free timestamp with time zone',
      amount: 'instant numeric(20,2)',
      ratio: 'free numeric',
      share: 'free numeric',
      price: 'free numeric',
      name: 'instant text',
      code: 'free text',
      sent_at: 'free timestamp with time zone',
      short_at: 'instant text',
      item_uuid: 'free uuid',
      data_json: HAS_JSON_CHECK ? 'free jsonb' : 'refused jsonb EXPRESSION_INVALID',
      paint: 'free text',
      tag: 'free character varying(20)',
      document: 'free jsonb',
      network: 'instant inet',
      local: 'instant timestamp with time zone',
      local_ms: 'free timestamp(3) with time zone',
      names: 'free text[]',
      numbers: 'free bigint[]',
    });
  });

  it('counts missing preparations apart from refusals', async () => {
    const { found, tables } = await survey(database.url, '--schema', 'kinds');
    expect(tables).toBe(6);
    expect(resultsOf(found, 'viewed')).toEqual({ n: 'refused bigint VIEW_NOT_CARRIED' });
    expect(resultsOf(found, 'named')).toEqual({ n: 'prepare bigint FUNCTION_NAMES_COLUMN' });
    expect(resultsOf(found, 'filled')).toEqual({
      price_json: `refused jsonb ${HAS_JSON_CHECK ? 'DEFAULT_NOT_CONVERTIBLE' : 'EXPRESSION_INVALID'}`,
    });
    expect(resultsOf(found, 'part')).toEqual({ n: 'free bigint' });
  });

  it('surveys names of any form, and only tables of the user', async () => {
    const { found, tables } = await survey(database.url);
    expect(tables).toBe(7);
    expect(resultsOf(found, 'Odd.table €')).toEqual({ 'Odd column?': 'instant text', select: 'free bigint' });
    const { found: one } = await survey(database.url, '--table', 'Odd "schema".Odd.table €');
    expect(one).toHaveLength(2);
  });

  it('says which columns cannot be changed as they are, and why', async () => {
    const { exitCode, stdout, stderr } = await project.run(
      database.url,
      'survey',
      '--verbose',
      '--table',
      'kinds.viewed',
    );
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout.split('\n').slice(1).join('\n')).toBe(
      `1 table with 2 columns; 1 of them has a usual new type.

type     new type  columns  instant  free  prepare  refused
integer  bigint          1        0     0        0        1
all                      1        0     0        0        1

instant: one statement changes the type at once. free: nothing stands in the way of a column change.
prepare: a right, a review or one statement is missing. refused: not possible as the schema is.

Refused: 100.0 % of these columns.

Reasons of refusals  meaning                                                         columns  only reason
VIEW_NOT_CARRIED     A view of the column cannot be made anew for the other column.        1            1

kinds.viewed.n, integer to bigint: refused
  VIEW_NOT_CARRIED: The view kinds.of_viewed cannot go over by itself: column was of table kinds.kept depends on it. Drop it, and create its replacement when the change is done.
`,
    );
  });

  it.each([
    [['--table', 'missing'], '--table missing: no table to survey has this name.'],
    [
      ['--table', 'part_1'],
      '--table part_1: no table to survey has this name. Partitions are surveyed with their table.',
    ],
    [
      ['--schema', '"kinds"'],
      '--schema "kinds": no table to survey has this name. Give names without SQL quotes.',
    ],
    [['--tabel', 'kind'], `error: unknown option '--tabel'`],
  ])('refuses %j', async (options, message) => {
    const { exitCode, stderr } = await project.run(database.url, 'survey', ...options);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 1,
      stderr: expect.stringMatching(/\nError code: WRONG_USAGE\n$/),
    });
    expect(stderr.startsWith(message)).toBe(true);
  });

  it('surveys as a role that may neither use a schema nor read or alter a table', async () => {
    await using role = await createRole(database.url);
    await client.rows(`grant usage on schema kinds to ${role.name}`);
    const { found } = await survey(role.url);
    expect(found.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
    expect(resultsOf(found, 'Odd.table €')).toEqual({
      'Odd column?': 'prepare text SCHEMA_NOT_GRANTED',
      select: 'prepare bigint SCHEMA_NOT_GRANTED',
    });
    expect(resultsOf(found, 'viewed')['n']).toMatch(/^refused bigint .*VIEW_NOT_CARRIED.*TABLE_NOT_OWNED/);
    expect(resultsOf(found, 'part')['n']).toMatch(/^prepare bigint .*TABLE_NOT_OWNED/);
  });
});

describeFrom(16, 'npx online-migration survey of the schemas of four applications', () => {
  it(
    'sums them up',
    async () => {
      await using database = await createTestDatabase();
      await using client = await connect(database.url);
      for (const name of ['ledger', 'messages', 'shop', 'tracker']) {
        await client.rows(await readFile(join(SCHEMAS, `${name}.sql`), 'utf8'));
      }
      const { exitCode, stdout } = await project.run(database.url, 'survey');
      expect(exitCode).toBe(0);
      expect(stdout.split('\n').slice(1).join('\n')).toBe(
        await readFile(join(SCHEMAS, 'expected.txt'), 'utf8'),
      );
    },
    LIMIT_MS,
  );
});
