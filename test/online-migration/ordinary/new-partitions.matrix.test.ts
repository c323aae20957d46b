import { describe, expect, it } from '@jest/globals';
import { ordinaryRun } from '../../support/ordinary-run.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const database = databasePerFile(
  `create table reading (day date not null, sensor int not null, value int) partition by range (day)`,
  `create index on reading (sensor)`,
  `create table reading_2024 partition of reading for values from ('2024-01-01') to ('2025-01-01')`,
  `create table "Other ""o""" partition of reading default`,
  `insert into reading select '2024-01-01'::date + n % 300, n % 10, n from generate_series(1, 2000) n`,
  `insert into reading select '2030-01-01'::date + n % 300, n % 10, n from generate_series(1, 2000) n`,
  `create table place (name text, "Kind ""k""" text) partition by list (lower("Kind ""k"""))`,
  `create table place_other partition of place default partition by hash (name)`,
  `create table place_other_0 partition of place_other for values with (modulus 2, remainder 0)`,
  `create table place_other_1 partition of place_other for values with (modulus 2, remainder 1)`,
  `insert into place select 'place ' || n, 'Kind ' || n from generate_series(1, 100) n`,
  `analyze`,
);

const { plan, run, runWithInterruptions, catalogAsWritten, catalog, harmfulIn } = ordinaryRun(database);

const CREATE = `create table "Reading ""2025""" partition of reading for values from ('2025-01-01') to ('2026-01-01')`;

const SAFE: readonly (readonly [name: string, statements: readonly string[]])[] = [
  ['a partition', [CREATE]],
  [
    'a partition with more parts',
    [
      `create table more partition of public.reading (value default 7, constraint positive check (value > 0), primary key (day, sensor))
        for values from ('2025-01-01') to ('2026-01-01') partition by range (sensor)`,
    ],
  ],
  [
    'two partitions',
    [CREATE, `create table next partition of reading for values from ('2026-01-01') to ('2027-01-01')`],
  ],
  [
    'a partition, and an index',
    [CREATE, `create index on reading (value)`, `alter table reading add unique (day, value)`],
  ],
  [
    'a partition of a partitioned default',
    [`create table home partition of place for values in ('home', null)`],
  ],
  [
    'a partition that is there',
    [
      `create table if not exists reading_2024 partition of reading for values from ('2024-01-01') to ('2025-01-01')`,
    ],
  ],
  [
    'a partition of a renamed table',
    [`alter table reading rename to readings`, CREATE.replace('of reading', 'of readings')],
  ],
];

describe('an ordinary migration that makes, beside a default partition,', () => {
  it.each(SAFE)(
    '%s leads to the same catalog, and reads no table under a strong lock',
    async (_, statements) => {
      const expected = await catalogAsWritten(statements);
      expect(await harmfulIn(statements)).toEqual([]);
      expect(await catalog()).toEqual(expected);
    },
  );

  it('goes on, if it is interrupted behind any of its steps', async () => {
    const expected = await catalogAsWritten([CREATE]);
    const { steps } = await plan([CREATE]);
    expect(await runWithInterruptions([CREATE])).toBe(steps.length - 1);
    expect(await catalog()).toEqual(expected);
  });

  it('finds rows of the default partition that belong to it', async () => {
    await database.client.rows(`insert into reading values ('2025-05-05', 1, 1)`);
    await expect(run([CREATE])).rejects.toMatchObject({
      code: 'ROWS_IN_THE_WAY',
      message: expect.stringContaining(
        'Rows of public."Other ""o""" are not outside of the range of the new partition',
      ),
    });
  });

  it('runs as it is, if the default partition has no rows or is the new one', async () => {
    await database.client.rows(`drop table "Other ""o"""`);
    const statements = [`create table other partition of reading default`, CREATE];
    expect((await plan(statements)).steps.map(({ kind }) => kind)).toEqual(['together']);
  });
});
