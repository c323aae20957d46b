import { describe, expect, it } from '@jest/globals';
import { lockWaiter, terminateSession } from '../../support/lock-waits.ts';
import { ordinaryRun } from '../../support/ordinary-run.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const database = databasePerFile(
  `drop schema if exists "Far ""away""" cascade`,
  `create schema "Far ""away"""`,
  `create table "Far ""away"""."Order ""x"" é" (id int primary key, "select" int)`,
  `create index "Old ""i""" on "Far ""away"""."Order ""x"" é" ("select")`,
  `insert into "Far ""away"""."Order ""x"" é" select n, n from generate_series(1, 100) n`,
  `create table reading (day int not null, value int) partition by range (day)`,
  `create table reading_1 partition of reading for values from (0) to (100)`,
  `create table reading_2 partition of reading for values from (100) to (200)`,
  `insert into reading select n, n from generate_series(0, 199) n`,
  `analyze`,
);

const { run, catalogAsWritten, catalog } = ordinaryRun(database);

const TABLE = `"Far ""away"""."Order ""x"" é"`;

/** A part of the statement that records the end of a step. */
const RECORD = 'online_migration.ordinary_migration';

const ACCEPTED = '-- online: accepted by its author\n';

/** PostgreSQL keeps the bounds of a partition that was detached concurrently. */
const KEPT = `alter table reading_1 add check (day is not null and day >= 0 and day < 100)`;

const OUTSIDE: readonly (readonly [name: string, statement: string, waitsFor: string])[] = [
  ['create index', `create index new_i on ${TABLE} ("select")`, TABLE],
  ['create index concurrently', `create index concurrently on ${TABLE} ("select")`, TABLE],
  [
    'an accepted create index concurrently',
    `${ACCEPTED}create index concurrently new_i on ${TABLE} ("select")`,
    TABLE,
  ],
  [
    'an accepted create index concurrently without a name',
    `${ACCEPTED}create index concurrently on ${TABLE} ("select")`,
    TABLE,
  ],
  ['drop index', `drop index "Far ""away"""."Old ""i"""`, TABLE],
  [
    'an accepted drop index concurrently',
    `${ACCEPTED}drop index concurrently "Far ""away"""."Old ""i"""`,
    TABLE,
  ],
  ['reindex', `reindex table ${TABLE}`, TABLE],
  ['an accepted reindex concurrently', `${ACCEPTED}reindex table concurrently ${TABLE}`, TABLE],
  ['an accepted vacuum', `${ACCEPTED}vacuum ${TABLE}`, TABLE],
  ['an accepted vacuum full', `${ACCEPTED}vacuum full ${TABLE}`, TABLE],
  ['detach partition', `alter table reading detach partition reading_1`, 'reading_1'],
  [
    'an accepted detach partition concurrently',
    `${ACCEPTED}alter table reading detach partition reading_1 concurrently`,
    'reading_1',
  ],
];

describe('an ordinary migration that is cut behind a statement outside of a transaction, before it is recorded', () => {
  it.each(OUTSIDE)('finishes: %s', async (_, statement, table) => {
    const written = [statement, ...(statement.endsWith('reading_1 concurrently') ? [KEPT] : [])];
    const expected = await catalogAsWritten(statement.includes('vacuum') ? [] : written);
    const { client } = database;
    const holder = await database.connect('holds the table');
    await holder.rows('begin');
    await holder.rows(`lock table ${table} in share update exclusive mode`);
    const cut = run([statement]).catch((error: Error) => error);
    await lockWaiter(database.url);
    await client.rows('begin');
    await client.rows('select from online_migration.ordinary_migration for update');
    await holder.rows('commit');
    await terminateSession(await lockWaiter(database.url, RECORD));
    await client.rows('rollback');
    expect(await cut).toBeInstanceOf(Error);
    await run([statement]);
    expect(await catalog()).toEqual(expected);
  });
});
