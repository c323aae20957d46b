import { describe, expect, it } from '@jest/globals';
import { ordinaryRun } from '../../support/ordinary-run.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const database = databasePerFile(
  `create table "Sensor ""s""" (id int primary key, place int not null, unique (place, id))`,
  `insert into "Sensor ""s""" select n, n % 3 from generate_series(0, 9) n`,
  `create table year (number int primary key) partition by range (number)`,
  `create table year_1 partition of year for values from (2000) to (2025)`,
  `create table year_2 partition of year for values from (2025) to (2100)`,
  `insert into year select generate_series(2000, 2099)`,
  `create table reading (day date not null, sensor int not null, place int, year int) partition by range (day)`,
  `create table reading_2024 partition of reading for values from ('2024-01-01') to ('2025-01-01')`,
  `create table "Reading ""2025""" partition of reading for values from ('2025-01-01') to ('2026-01-01') partition by list (sensor)`,
  `create table low partition of "Reading ""2025""" for values in (0, 1, 2, 3, 4)`,
  `create table high partition of "Reading ""2025""" default`,
  `create table reading_other (gone int, year int, place int, sensor int not null, day date not null)`,
  `alter table reading_other drop column gone`,
  `alter table reading attach partition reading_other default`,
  `insert into reading select '2024-01-01'::date + n % 1000, n % 10, n % 10 % 3, 2024 from generate_series(1, 1000) n`,
  `analyze`,
);

const { plan, run, runSteps, runWithInterruptions, catalogAsWritten, catalog, harmfulIn } =
  ordinaryRun(database);

const ADD = `alter table reading add foreign key (sensor) references "Sensor ""s"""`;

const SAFE: readonly (readonly [name: string, before: string, statements: readonly string[]])[] = [
  ['without a name', '', [ADD]],
  [
    'with all its parts',
    '',
    [
      `alter table reading add constraint "Fk ""f""" foreign key (place, sensor) references "Sensor ""s""" (place, id) match full on update cascade on delete set null deferrable initially deferred`,
    ],
  ],
  [
    'whose name a partition has',
    `alter table high add constraint fk check (sensor > 0)`,
    [`alter table reading add constraint fk foreign key (sensor) references "Sensor ""s"""`],
  ],
  [
    'that a partition has',
    `alter table high add constraint own foreign key (sensor) references "Sensor ""s""";
     alter table low add constraint own foreign key (sensor) references "Sensor ""s""" on delete cascade`,
    [ADD],
  ],
  ['of a part', '', [`alter table "Reading ""2025""" add foreign key (sensor) references "Sensor ""s"""`]],
  ['to a partitioned table', '', [`alter table reading add foreign key (year) references year`]],
  [
    'of a table that refers to itself',
    `alter table reading add unique (day, sensor, place)`,
    [`alter table reading add foreign key (day, sensor, place) references reading (day, sensor, place)`],
  ],
];

describe('an ordinary migration that adds a foreign key of a partitioned table', () => {
  it.each(SAFE)(
    '%s leads to the same catalog, and reads no table under a strong lock',
    async (_, before, statements) => {
      await database.client.rows(before);
      const expected = await catalogAsWritten(statements);
      expect(await harmfulIn(statements)).toEqual([]);
      expect(await catalog()).toEqual(expected);
    },
  );

  it('goes on, if it is interrupted behind any of its steps', async () => {
    const expected = await catalogAsWritten([ADD]);
    const { steps } = await plan([ADD]);
    expect(await runWithInterruptions([ADD])).toBe(steps.length - 1);
    expect(await catalog()).toEqual(expected);
  });

  it('does without a partition that is dropped while it runs', async () => {
    await runSteps([ADD], 2);
    await database.client.rows(`drop table reading_other; drop table high`);
    await run([ADD]);
    expect(await catalog()).toEqual(await catalogAsWritten([]));
    expect(
      await database.client.rows(
        `select conrelid::regclass::text as name from pg_constraint where contype = 'f' order by 1`,
      ),
    ).toEqual(['"Reading ""2025"""', 'low', 'reading', 'reading_2024'].map((name) => ({ name })));
  });

  it('finds rows without a partner', async () => {
    await database.client.rows(`insert into reading values ('2024-05-05', 77)`);
    await expect(run([ADD])).rejects.toMatchObject({ code: 'ROWS_IN_THE_WAY' });
  });
});
