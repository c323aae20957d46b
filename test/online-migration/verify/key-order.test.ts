import { describe, expect, it } from '@jest/globals';
import type { ColumnChange } from '../../../src/online-migration/change/column-change.ts';
import { textToNumeric } from '../../../src/online-migration/conversions/numbers/text-to-numeric.ts';
import { backfill } from '../../../src/online-migration/phases/backfill.ts';
import { expand } from '../../../src/online-migration/phases/expand.ts';
import { compareColumns } from '../../../src/online-migration/verify/equality-proof.ts';
import { classifyValues } from '../../../src/online-migration/verify/value-classes.ts';
import { changeOf } from '../../support/change-of.ts';
import { databasePerFile } from '../../support/tested-database.ts';

/** The first batch of a proof has 16 rows. */
const ROWS = 41;
const PLACES = [1, 2, 16, 17, ROWS - 1, ROWS];
/** More than the first batch of a preflight. */
const MANY_ROWS = 500;
/** In the order of `citext`, all of the letter a come before those of the letter B; in the order of bytes, behind. */
const OF_TWO_CASES = `case n % 2 when 0 then 'a' else 'B' end || lpad(n::text, 3, '0')`;
/** `B001` and `b001`; the first batch ends between two of them. */
const IN_BOTH_CASES = `case n % 2 when 0 then 'b' else 'B' end || lpad((n / 2)::text, 3, '0')`;

/** How a table has its key, and the key of row `n`. */
const TABLES = {
  'citext outside of the search_path': {
    key: 'email',
    columns: `email extensions.citext collate "C" primary key`,
    values: OF_TWO_CASES,
  },
  'a domain over it, behind a number': {
    key: ['tenant', 'email', 'year'],
    columns: `tenant bigint, email extensions.email collate "C", year integer, primary key (tenant, email, year)`,
    values: `n / 100, ${OF_TWO_CASES}, 2000 + n % 3`,
  },
  'equal texts that its index tells apart': {
    key: 'email',
    columns: `email text collate extensions.any_case not null`,
    values: IN_BOTH_CASES,
    index: `create unique index on person (email collate "C")`,
  },
} as const;

const database = databasePerFile(
  'drop schema if exists extensions cascade',
  'create schema extensions',
  'create extension citext schema extensions',
  'create domain extensions.email as extensions.citext',
  `create collation extensions.any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`,
);
const { client } = database;

describe.each(Object.entries(TABLES))('if the key is %s', (_, table) => {
  const change: ColumnChange = {
    ...changeOf('person.height', { from: 'text', to: 'numeric(12,2)', conversion: textToNumeric(12, 2) }),
    key: table.key,
  };

  const createTable = async (rows: number) => {
    await client.rows(`create table person (${table.columns}, n integer not null, height text not null)`);
    if ('index' in table) await client.rows(table.index);
    await client.rows(
      `insert into person select ${table.values}, n, n || '.50' from generate_series(1, ${rows}) as n`,
    );
  };

  it('the proof compares each row', async () => {
    await createTable(ROWS);
    const context = await database.open(change);
    await expand(context);
    await backfill(context);
    for (const place of PLACES) {
      await client.rows(`update person set height_new = -1 where n = $1`, [place]);
      expect((await compareColumns(context, 'read')).differences).toMatchObject([
        { oldValue: `${place}.50`, newValue: '-1.00' },
      ]);
      await client.rows(`update person set height_new = n + 0.5 where n = $1`, [place]);
    }
    expect((await compareColumns(context, 'read')).differences).toEqual([]);
  });

  it('preflight reads each row', async () => {
    await createTable(MANY_ROWS);
    const context = await database.open(change);
    const groups = await classifyValues(context.session, change, () => undefined);
    expect(groups.reduce((sum, { rows }) => sum + rows, 0)).toBe(MANY_ROWS);
  });
});
