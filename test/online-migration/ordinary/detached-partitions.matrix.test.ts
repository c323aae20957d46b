import { describe, expect, it } from '@jest/globals';
import { lockWaiter, terminateSession } from '../../support/lock-waits.ts';
import { ordinaryRun } from '../../support/ordinary-run.ts';
import { databasePerFile } from '../../support/tested-database.ts';

const database = databasePerFile(
  `create table reading (day date not null, sensor int not null, value int) partition by range (day)`,
  `create index on reading (sensor)`,
  `create table reading_2024 partition of reading for values from ('2024-01-01') to ('2025-01-01')`,
  `create table "Reading ""2025""" partition of reading for values from ('2025-01-01') to ('2026-01-01') partition by list (sensor)`,
  `create table low partition of "Reading ""2025""" for values in (0, 1, 2, 3, 4)`,
  `create table high partition of "Reading ""2025""" default`,
  `insert into reading select '2024-01-01'::date + n % 730, n % 10, n from generate_series(1, 2000) n`,
  `create table pair (a int, b int) partition by range (a, b)`,
  `create table pair_1 partition of pair for values from (0, minvalue) to (9, maxvalue)`,
  `create table pair_2 partition of pair for values from (10, minvalue) to (99, maxvalue)`,
  `insert into pair select n, n from generate_series(0, 9) n`,
  `create table part (id int not null) partition by hash (id)`,
  `create table part_0 partition of part for values with (modulus 2, remainder 0)`,
  `create table part_1 partition of part for values with (modulus 2, remainder 1)`,
  `insert into part select generate_series(1, 100)`,
  `analyze`,
);

const { plan, run, runWithInterruptions, catalogAsWritten, catalog, harmfulIn } = ordinaryRun(database);

const DETACH = `alter table reading detach partition reading_2024`;

/** The rows of the other partitions. */
const LATER = `select count(*) from reading where day >= '2025-01-01'`;

const SAFE: readonly (readonly [name: string, before: string, statement: string])[] = [
  ['a partition', '', DETACH],
  ['a partition with an odd name', '', `alter table reading detach partition "Reading ""2025"""`],
  ['a partition of a part', '', `alter table "Reading ""2025""" detach partition low`],
  ['a partition by two columns', '', `alter table pair detach partition pair_1`],
  ['a partition by hash', '', `alter table part detach partition part_1`],
  ['a partition without rows', '', `alter table pair detach partition pair_2`],
  [
    'a partition with a check of the name that PostgreSQL gives',
    `alter table reading_2024 add constraint reading_2024_day_check check (day > '2000-01-01')`,
    DETACH,
  ],
  [
    'a partition with a check of its range',
    `alter table reading_2024 add constraint mine check (day is not null and day >= '2024-01-01' and day < '2025-01-01')`,
    DETACH,
  ],
];

describe('an ordinary migration that detaches', () => {
  it.each(SAFE)('%s leads to the same catalog, and reads nothing', async (_, before, statement) => {
    await database.client.rows(before);
    const expected = await catalogAsWritten([statement]);
    expect(await harmfulIn([statement])).toEqual([]);
    expect(await catalog()).toEqual(expected);
  });

  it('goes on, if it is interrupted behind any of its steps', async () => {
    const statements = [DETACH, `create index on reading_2024 (value)`];
    const expected = await catalogAsWritten(statements);
    await runWithInterruptions(statements);
    expect(await catalog()).toEqual(expected);
  });

  it('blocks no reader of the table while it waits, and finalizes what was interrupted', async () => {
    const expected = await catalogAsWritten([DETACH]);
    const later = await database.client.value(LATER);
    const reader = await database.connect('an older transaction');
    await reader.rows('begin isolation level repeatable read');
    await reader.rows('select from reading');
    const failed = run([DETACH]).catch((error: Error) => error);
    const waiter = await lockWaiter(database.url);
    expect(await database.client.value(LATER)).toBe(later);
    await terminateSession(waiter);
    expect(await failed).toBeInstanceOf(Error);
    await reader.rows('commit');
    expect(
      await database.client.rows(
        `select inhrelid::regclass::text as name from pg_inherits where inhdetachpending`,
      ),
    ).toEqual([{ name: 'reading_2024' }]);
    await run([DETACH]);
    expect(await catalog()).toEqual(expected);
  });

  it('does not make readers of the partition itself wait behind it', async () => {
    const expected = await catalogAsWritten([DETACH]);
    const holder = await database.connect('reads the partition itself');
    await holder.rows('begin');
    await holder.rows('select from reading_2024');
    const ran = run([DETACH]);
    await lockWaiter(database.url, 'detach partition');
    const reader = await database.connect('another one');
    await reader.rows(`set statement_timeout = '5s'`);
    await reader.rows('select from reading_2024');
    await holder.rows('commit');
    await ran;
    expect(await catalog()).toEqual(expected);
  });

  it('does not wait for a vacuum of another partition', async () => {
    const expected = await catalogAsWritten([DETACH]);
    const vacuum = await database.connect('has the lock of a vacuum');
    await vacuum.rows('begin');
    await vacuum.rows('lock table low in share update exclusive mode');
    const reader = await database.connect('reads the partition itself');
    await reader.rows('begin');
    await reader.rows('select from reading_2024');
    await run([DETACH], {
      settings: { lockBudgetMs: 5_000 },
      heard: ({ type }) => (type === 'lock-retry' ? reader.rows('commit') : undefined),
    });
    await vacuum.rows('commit');
    expect(await catalog()).toEqual(expected);
  });

  it('names the sessions in the way when the lock budget is spent, and finalizes in the next run', async () => {
    const expected = await catalogAsWritten([DETACH]);
    const holder = await database.connect('reads the partition itself');
    await holder.rows('begin');
    await holder.rows('select from reading_2024');
    await expect(run([DETACH], { settings: { lockBudgetMs: 10 } })).rejects.toMatchObject({
      code: 'LOCK_NOT_GRANTED',
      message: expect.stringMatching(
        /"reading_2024" stays attached, while public\.reading does not show its rows any more.*"reads the partition itself"/,
      ),
    });
    await holder.rows('commit');
    await run([DETACH]);
    expect(await catalog()).toEqual(expected);
  });

  it('runs as it is beside a default partition', async () => {
    const { steps } = await plan([`alter table "Reading ""2025""" detach partition high`]);
    expect(steps).toMatchObject([
      { kind: 'locked', statements: [`alter table "Reading ""2025""" detach partition high`] },
    ]);
    const made = await plan([`create table other partition of reading default`, DETACH]);
    expect(made.steps.map(({ kind }) => kind)).toEqual(['together', 'locked']);
  });

  it('is refused if a foreign key refers to the table', async () => {
    await database.client.rows(`
      alter table reading add primary key (day, sensor, value);
      create table "Alarm ""a""" (day date, sensor int, value int, foreign key (day, sensor, value) references reading);
      insert into "Alarm ""a""" select * from reading limit 1`);
    const { statements } = await plan([DETACH]);
    expect(statements[0]!.verdict).toMatchObject({
      kind: 'refused',
      reason: expect.stringMatching(/all rows of public\."Alarm ""a"""/),
    });
  });
});
