import { describe, expect, it } from '@jest/globals';
import { ordinaryRun } from '../../support/ordinary-run.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const LONG = 'a_partition_whose_name_is_nearly_as_long_as_a_name_can_be_2026';

const database = databasePerFile(
  `drop schema if exists "Other ""Schema" cascade`,
  `create schema "Other ""Schema"`,
  `create table reading (day date not null, sensor int not null, value int, note text) partition by range (day)`,
  `create table reading_2024 partition of reading for values from ('2024-01-01') to ('2025-01-01')`,
  `create table "Reading ""2025""" partition of reading for values from ('2025-01-01') to ('2026-01-01') partition by list (sensor)`,
  `create table "Other ""Schema"."Low" partition of "Reading ""2025""" for values in (0, 1, 2, 3, 4)`,
  `create table high partition of "Reading ""2025""" default`,
  `create table ${LONG} partition of reading for values from ('2026-01-01') to ('2027-01-01')`,
  `create table reading_empty partition of reading for values from ('2027-01-01') to ('2028-01-01')`,
  // Other columns at other places.
  `create table reading_other (note text, gone int, value int, sensor int not null, day date not null)`,
  `alter table reading_other drop column gone`,
  `alter table reading attach partition reading_other default`,
  `insert into reading select '2024-01-01'::date + n % 1000, n % 10, n, 'note ' || n from generate_series(1, 2000) n`,
  `insert into reading select '2030-01-01', n % 10, n from generate_series(1, 500) n`,
  `analyze`,
);

const { plan, run, runSteps, runWithInterruptions, catalogAsWritten, catalog, harmfulIn } =
  ordinaryRun(database);

const SAFE: readonly (readonly [name: string, statements: readonly string[]])[] = [
  ['an index', [`create index "Reading ""idx""" on reading (sensor)`]],
  ['an index without a name', [`create index on reading (sensor, lower(note), (value + 1)) include (day)`]],
  [
    'a partial index with parameters',
    [
      `create index on reading using btree (note desc nulls first) with (fillfactor = 70) where reading.value > 3 and note is not null`,
    ],
  ],
  ['an index, built concurrently', [`create index concurrently i on reading (sensor)`]],
  ['an index that may be there', [`create index if not exists i on reading (sensor)`]],
  [
    'an index that is there',
    [`create index i on reading (sensor)`, `create index if not exists i on reading (sensor)`],
  ],
  ['a unique index', [`create unique index on reading (day, sensor, value)`]],
  ['two equal indexes', [`create index on reading (sensor)`, `create index on reading (sensor)`]],
  [
    'an index in place of one that is there',
    [`create index on reading (sensor)`, `drop index reading_sensor_idx`, `create index on reading (sensor)`],
  ],
  ['a gin index', [`create index on reading using gin (to_tsvector('simple', note))`]],
  ['an index of a part', [`create index on "Reading ""2025""" (sensor)`]],
  ['a unique constraint', [`alter table reading add constraint "Once ""u""" unique (day, sensor, value)`]],
  [
    'a deferrable unique constraint without a name',
    [`alter table reading add unique (sensor, day, value) include (note) deferrable initially deferred`],
  ],
  ['a primary key of columns that may be null', [`alter table reading add primary key (day, sensor, value)`]],
  [
    'a dropped and an added unique constraint',
    [
      `alter table reading add unique (day, sensor, value)`,
      `alter table reading drop constraint reading_day_sensor_value_key`,
      `alter table reading add unique (day, sensor, value)`,
    ],
  ],
  [
    'a new column and its index',
    [`alter table reading add "Extra" int null`, `create index on reading ("Extra")`],
  ],
  [
    'partitions that come and go in the migration',
    [
      `create table reading_2028 partition of reading for values from ('2028-01-01') to ('2029-01-01')`,
      `drop table reading_empty`,
      `create index on reading (sensor)`,
    ],
  ],
  [
    'a table that is renamed in the migration',
    [`alter table reading rename to readings`, `create index on readings (sensor)`],
  ],
  ['a dropped index', [`create index i on reading (sensor)`, `drop index i`]],
];

/** Indexes of partitions that are there before. */
const THERE: readonly (readonly [name: string, before: string, statements: readonly string[]])[] = [
  [
    'an equal index',
    `create index "Mine" on reading_2024 (sensor); create index other_idx on high (sensor)`,
    [`create index on reading (sensor)`],
  ],
  [
    'an equal index of a partitioned table',
    `create index "Mine" on "Reading ""2025""" (sensor)`,
    [`create index on reading (sensor)`],
  ],
  [
    'an index of another order, and one of another condition',
    `create index "Mine" on reading_2024 (sensor desc); create index on high (sensor) where sensor > 2`,
    [`create index on reading (sensor)`],
  ],
  [
    'the name that PostgreSQL would choose',
    `create table reading_2024_sensor_idx (); create index high_sensor_idx on high (value)`,
    [`create index on reading (sensor)`],
  ],
  [
    'an equal constraint',
    `alter table reading_2024 add constraint mine unique (day, sensor, value); create unique index on high (day, sensor, value)`,
    [`alter table reading add unique (day, sensor, value)`],
  ],
  [
    'an equal primary key',
    `alter table reading_2024 add constraint mine primary key (day, sensor, value)`,
    [`alter table reading add primary key (day, sensor, value)`],
  ],
  [
    'an equal index beside one that belongs to the partitioned table already',
    `create index on reading (sensor); create index "Mine" on reading_2024 (sensor)`,
    [`create index on reading (sensor)`],
  ],
];

describe('an ordinary migration of a partitioned table', () => {
  it.each(SAFE)(
    'with %s leads to the same catalog, and reads no table under a strong lock',
    async (_, statements) => {
      const expected = await catalogAsWritten(statements);
      expect(await harmfulIn(statements)).toEqual([]);
      expect(await catalog()).toEqual(expected);
    },
  );

  it.each(THERE)('leads to the same catalog, if a partition has %s', async (_, before, statements) => {
    await database.client.rows(before);
    const expected = await catalogAsWritten(statements);
    expect(await harmfulIn(statements)).toEqual([]);
    expect(await catalog()).toEqual(expected);
  });

  it('goes on, if it is interrupted behind any of its steps', async () => {
    const statements = [
      `create index on reading (sensor)`,
      `alter table reading add primary key (day, sensor, value)`,
    ];
    const expected = await catalogAsWritten(statements);
    const { steps } = await plan(statements);
    expect(await runWithInterruptions(statements)).toBe(steps.length - 1);
    expect(await catalog()).toEqual(expected);
  });

  it('does without partitions that are dropped or detached while it runs', async () => {
    const statements = [`create index on reading (sensor)`];
    await runSteps(statements, 2);
    await database.client.rows(
      `alter table reading detach partition reading_other; alter table "Reading ""2025""" detach partition high; drop table high`,
    );
    await run(statements);
    expect(
      await database.client.rows(`select indexrelid::regclass from pg_index where not indisvalid`),
    ).toEqual([]);
    expect(await indexesOf('reading_other')).toEqual([]);
  });

  it('names partitions that came without the index', async () => {
    const statements = [`create index on reading (sensor)`];
    const { steps } = await plan(statements);
    await database.client.rows(
      `create table reading_2028 partition of reading for values from ('2028-01-01') to ('2029-01-01')`,
    );
    for (const { statements: each, kind } of steps)
      for (const sql of kind === 'find' ? [] : each) await database.client.rows(sql);
    expect(await database.client.rows(steps.at(-1)!.statements[0])).toEqual([{ found: 'reading_2028' }]);
  });

  it('finds duplicates before it builds anything', async () => {
    await expect(run([`alter table reading add unique (day, sensor)`])).rejects.toMatchObject({
      code: 'ROWS_IN_THE_WAY',
    });
    expect(await indexesOf('reading_2024')).toEqual([]);
  });

  it('is refused if a partition has another primary key', async () => {
    await database.client.rows(`alter table reading_2024 add primary key (day, value)`);
    const { statements } = await plan([`alter table reading add primary key (day, sensor, value)`]);
    expect(statements[0]!.verdict).toMatchObject({
      kind: 'refused',
      reason: 'its partition public.reading_2024 has another primary key',
    });
  });

  it('builds the indexes of the partitions before that of the table, if a foreign table is among them', async () => {
    await database.client.rows(`
      create foreign data wrapper nothing;
      create server nothing foreign data wrapper nothing;
      create foreign table far partition of reading for values from ('2040-01-01') to ('2041-01-01') server nothing`);
    database.defer(() => database.client.rows(`drop foreign data wrapper nothing cascade`));
    const statements = [`create index on reading (sensor)`];
    const expected = await catalogAsWritten(statements);
    expect(await harmfulIn(statements)).toEqual([]);
    expect(await catalog()).toEqual(expected);
    expect((await plan([`create unique index on reading (day, sensor, value)`])).steps).toMatchObject([
      { kind: 'together' },
    ]);
  });
});

async function indexesOf(table: string): Promise<unknown[]> {
  return database.client.rows(`select indexrelid from pg_index where indrelid = $1::regclass`, [table]);
}
